import type * as answers from './answers.js';

/** One of three, and the caller can always tell which. */
export type WriteResult =
  | {
      readonly outcome: 'committed';
      readonly file: answers.FileAnswer;
      readonly site: string;
      /** The primary that committed it; '' when the answer did not say. */
      readonly primary: string;
    }
  /** Certainly not applied. */
  | {
      readonly outcome: 'rejected';
      readonly code: string;
      readonly message: string;
      readonly site: string;
      readonly currentVersion: number | null;
    }
  /** May or may not take effect; safe to repeat under the same request id. */
  | {
      readonly outcome: 'unknown';
      readonly code: string;
      readonly message: string;
      readonly requestId: string;
    };

export interface WriteSettings {
  /** Repeats of one request carry the same id. Default: a new one. */
  readonly requestId?: string;
  /** Write only if this is the newest version. */
  readonly ifVersion?: number;
  /** Write only what does not exist. */
  readonly ifAbsent?: boolean;
  readonly contentType?: string;
}
