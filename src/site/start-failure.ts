/** Why a site does not start. Nothing of it runs any more, and nothing was changed by it. */
export interface StartFailure {
  readonly ok: false;
  readonly reason:
    | 'folder_in_use'
    /** The data folder is that of another site, another cluster or a newer program. */
    | 'foreign_data'
    | 'storage_failed'
    /** The configuration breaks a rule, or does not agree with what the cluster was made with. */
    | 'wrong_config'
    /** Another machine has taken the place of the one that this disk is of. */
    | 'replaced'
    /** It was removed, or was never added. */
    | 'not_a_site'
    /** Another process runs as this site. */
    | 'site_in_use'
    | 'port_taken'
    | 'cancelled';
  /** A sentence for people. */
  readonly message: string;
}

export function startFailure(reason: StartFailure['reason'], message: string): StartFailure {
  return { ok: false, reason, message };
}

/** A site that does not start; the message is a sentence for people. */
export class SiteRefused extends Error {
  override readonly name = 'SiteRefused';
  readonly reason: StartFailure['reason'];

  constructor({ reason, message }: StartFailure) {
    super(message);
    this.reason = reason;
  }
}

/** A site that the others do without from now on: it ends, and is not to be started again. */
export class SiteRetired extends Error {
  override readonly name = 'SiteRetired';
}
