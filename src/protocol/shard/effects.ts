import type { ChunkedContent } from '../file-version.js';
import type { Configuration, LogEntry, Position } from '../log-entry.js';
import type { ClaimRecord, HardState, LogWrite } from '../ports.js';
import type { Answer } from '../request.js';
import type { ShardMessage } from './messages.js';

/** What happened, for operators, traces and the simulator's counts. Never drives the protocol. */
export type ShardEvent =
  | { readonly kind: 'claimed'; readonly epoch: number }
  | { readonly kind: 'crowned'; readonly epoch: number; readonly adoptedFrom: string }
  | { readonly kind: 'serving'; readonly epoch: number; readonly waitedMs: number }
  | { readonly kind: 'stepped-down'; readonly epoch: number; readonly reason: StepDownReason }
  | { readonly kind: 'cut'; readonly fromSeq: number; readonly entries: number }
  | { readonly kind: 'deduplicated'; readonly requestId: string }
  | { readonly kind: 'handing-over'; readonly epoch: number; readonly to: string }
  | { readonly kind: 'joined'; readonly seq: number }
  /** At the primary: from here on these sites keep the shard, and no others. */
  | { readonly kind: 'configured'; readonly configuration: Configuration }
  | { readonly kind: 'snapshot-started'; readonly from: string }
  | { readonly kind: 'snapshot-installed'; readonly seq: number }
  | { readonly kind: 'storage-failed'; readonly message: string }
  /** At the bound of leased files, the one used least was let go. */
  | { readonly kind: 'lease-evicted'; readonly name: string }
  /** This process was not running, or a clock jumped: nothing held before is trusted. */
  | { readonly kind: 'paused'; readonly forMs: number }
  /** A committed write waited for caches elsewhere: `lapsed` holders never answered. */
  | {
      readonly kind: 'write-passed';
      readonly name: string | null;
      readonly waitedMs: number;
      readonly lapsed: number;
    };

export type StepDownReason =
  | 'superseded'
  | 'claim-lapsed'
  | 'quorum-lost'
  | 'recovery-failed'
  | 'handed-over'
  | 'storage-failed';

export type ShardEffect =
  | { readonly kind: 'send'; readonly to: string; readonly message: ShardMessage }
  /**
   * Answered by `written` with the same id, in order. What may leave once it is durable is kept by
   * the shard and looked at again then, so nothing can be acknowledged before its sync.
   */
  | { readonly kind: 'write'; readonly id: number; readonly write: LogWrite }
  /** Answered by `written`, in the same order as writes. */
  | {
      readonly kind: 'reset-log';
      readonly id: number;
      readonly base: Position;
      readonly hardState: HardState;
    }
  | {
      readonly kind: 'read-log';
      readonly id: number;
      readonly from: number;
      readonly entries: number;
      readonly bytes: number;
    }
  /** Answered by `applied`. */
  | { readonly kind: 'apply'; readonly entries: readonly LogEntry[] }
  /** Answered by `content-ready`, however long it takes. */
  | {
      readonly kind: 'ensure-content';
      readonly epoch: number;
      readonly seq: number;
      readonly content: ChunkedContent;
      readonly source: string;
    }
  | { readonly kind: 'drop-content'; readonly fromSeq: number }
  | { readonly kind: 'trim'; readonly upToSeq: number }
  | { readonly kind: 'answer'; readonly ticket: number; readonly answer: Answer }
  /**
   * Tells these clients to drop the file (null: all files of the shard); each answers by
   * `client-done`, or is waited out.
   */
  | {
      readonly kind: 'invalidate';
      readonly sessions: readonly string[];
      readonly name: string | null;
      readonly serial: number;
    }
  /** Answered by `claim-swapped`. */
  | {
      readonly kind: 'swap-claim';
      readonly token: number;
      readonly revision: number;
      readonly value: ClaimRecord;
    }
  /** Answered by `snapshot-installed` or `snapshot-failed`. */
  | { readonly kind: 'install-snapshot'; readonly from: string }
  | { readonly kind: 'event'; readonly event: ShardEvent };
