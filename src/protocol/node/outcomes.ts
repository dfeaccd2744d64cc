import type { FileVersion } from '../file-version.js';
import type { WriteAnswer, WriteRejection } from '../request.js';

/** What became of a write that a site brought to its primary. */
export type SubmitOutcome =
  | { readonly answer: WriteAnswer; readonly primary: string }
  /** Not applied, and no primary said so: none could be asked. */
  | {
      readonly answer: {
        readonly outcome: 'rejected';
        readonly reason: WriteRejection;
        readonly current: null;
      };
      readonly primary: string;
    };

/** What became of a strong read. */
export type ReadOutcome =
  | {
      readonly ok: true;
      /** The newest released version, tombstones included; null if there never was one. */
      readonly head: FileVersion | null;
      readonly freshness: 'primary' | 'lease' | 'validated' | 'fetched';
      readonly primary: string;
      readonly epoch: number;
    }
  | { readonly ok: false; readonly reason: 'no_primary' | 'quorum_unavailable' | 'moving' };

/** Whether the views here show everything that had committed when it was asked for. */
export type CatchUpOutcome =
  /** Who said how far that is: this site as primary, its leases, or some other site. */
  | { readonly ok: true; readonly freshness: 'primary' | 'lease' | 'validated' }
  | { readonly ok: false; readonly reason: 'no_primary' | 'quorum_unavailable' };
