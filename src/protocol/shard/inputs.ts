import type { FileVersion } from '../file-version.js';
import type { Configuration, Position } from '../log-entry.js';
import type {
  ClaimRecord,
  LogRead,
  OwnershipRecord,
  RequestRecord,
  Revised,
  StorageFailure,
  SwapResult,
} from '../ports.js';
import type { WriteRequest } from '../request.js';
import type { Asker, CatalogueAsker } from './lease-state.js';
import type { GrantedVersion, GrantTerms, ShardMessage } from './messages.js';
import type { Roster } from './membership.js';

/**
 * A moment, on two clocks of one machine, in milliseconds. A holder of a right counts the larger of
 * the two advances, a granter the monotonic one alone.
 */
export interface Now {
  readonly monoMs: number;
  readonly wallMs: number;
}

/** What the view shows of the thing a request speaks of, looked up right before the step. */
export interface Found {
  readonly head: FileVersion | undefined;
  /** For a move-out: some name that has a version would leave this shard. */
  readonly inTheWay: boolean;
}

export type ShardInput =
  /** The time `nextDeadline` named has come. */
  | { readonly kind: 'tick' }
  /** The end of a turn: what was proposed in it goes to disk and to the replicas together. */
  | { readonly kind: 'flush' }
  | { readonly kind: 'message'; readonly from: string; readonly message: ShardMessage }
  | { readonly kind: 'peer'; readonly site: string; readonly connected: boolean }
  | { readonly kind: 'written'; readonly id: number; readonly failure: StorageFailure | null }
  | { readonly kind: 'log-read'; readonly id: number; readonly result: LogRead }
  | { readonly kind: 'applied'; readonly seq: number }
  | { readonly kind: 'content-ready'; readonly epoch: number; readonly seq: number }
  | {
      readonly kind: 'propose';
      readonly ticket: number;
      /** The epoch that the request was sent to; null: whichever this is. */
      readonly epoch: number | null;
      readonly request: WriteRequest;
      readonly found: Found;
    }
  | {
      readonly kind: 'ask';
      readonly ticket: number;
      readonly name: string;
      readonly found: Found;
      /** The site that wants to keep the answer; null: nobody does. */
      readonly asker: Asker | null;
    }
  /** At a site that asked: it may keep the answer. */
  | {
      readonly kind: 'granted';
      readonly name: string;
      readonly version: GrantedVersion;
      readonly terms: GrantTerms;
      /** Where the view's newest version of the file stands. */
      readonly viewed: Position | null;
    }
  /** A client has dropped the file (null: all files) as of this revocation. */
  | {
      readonly kind: 'client-done';
      readonly session: string;
      readonly name: string | null;
      readonly serial: number;
    }
  /** A client does not keep the file, registered at `serial`, any more. */
  | {
      readonly kind: 'client-left';
      readonly session: string;
      readonly name: string;
      readonly serial: number;
    }
  /** `certain`: it said that it uses nothing any more; else its lease has to run out. */
  | { readonly kind: 'client-gone'; readonly session: string; readonly certain: boolean }
  | {
      readonly kind: 'ask-end';
      readonly ticket: number;
      /** The bucket whose listings a site wants to keep; null: nobody does. */
      readonly keep: CatalogueAsker | null;
    }
  | { readonly kind: 'claim-seen'; readonly claim: Revised<ClaimRecord> }
  | {
      readonly kind: 'claim-swapped';
      readonly token: number;
      readonly result: SwapResult<ClaimRecord>;
    }
  | {
      readonly kind: 'snapshot-installed';
      readonly position: Position;
      readonly requests: readonly RequestRecord[];
      readonly ownership: readonly OwnershipRecord[];
      readonly configuration: Configuration | null;
    }
  | { readonly kind: 'snapshot-failed' }
  /** What the coordinator says of sites that come and go. */
  | { readonly kind: 'roster'; readonly roster: Roster }
  /** Hand over what this site is primary of and claim nothing any more. */
  | { readonly kind: 'stop' };
