import { type AccessRight, EVERYTHING } from './rights.js';

/** Who asks for something, and what he may do. */
export interface Caller {
  /** The id of his access key; `admin` for the administrator; '' for anybody. */
  readonly keyId: string;
  /** May do everything, also what no right on names is for: keys, upkeep, the primary table. */
  readonly isAdministrator: boolean;
  readonly rights: readonly AccessRight[];
}

export const ADMIN_KEY_ID = 'admin';

/** Somebody who showed no key. */
export const ANYBODY: Caller = { keyId: '', isAdministrator: false, rights: [] };

export const ADMINISTRATOR: Caller = {
  keyId: ADMIN_KEY_ID,
  isAdministrator: true,
  rights: EVERYTHING,
};

/** Whoever asks a site that was started without an administrator's key, and so is open. */
export const ANYBODY_OF_OPEN_SITE: Caller = {
  keyId: '',
  isAdministrator: true,
  rights: EVERYTHING,
};
