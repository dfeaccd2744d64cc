import type { Now } from '../shard/inputs.js';
import { type Cache, type CacheLimits, createCache } from './cache.js';
import type { ClientAnswer } from './answers.js';
import type {
  Change,
  ClientMessage,
  ReadMode,
  SessionWrite,
  SiteReply,
  WatchEnd,
} from './messages.js';
import type { WriteConditions } from '../request.js';

export interface ClientConfig {
  readonly cache: CacheLimits;
  /** The client's own clock against its site's, as a fraction. */
  readonly driftRate: number;
  readonly driftMarginMs: number;
  /** Leases are renewed for this long after the last read. */
  readonly renewKeepMs: number;
  /** Renewed when this part of the shortest lease has passed, within these bounds. */
  readonly renewAfter: number;
  readonly renewLeastMs: number;
  readonly renewMostMs: number;
  /** Reads and writes under way at once; one more is refused. */
  readonly requestLimit: number;
  /** Files validated in one message after a reconnect. */
  readonly revalidateLimit: number;
}

export const DEFAULT_CLIENT_CONFIG: ClientConfig = {
  cache: { entries: 10_000, bytes: 64 * 1024 * 1024 },
  driftRate: 0.002,
  driftMarginMs: 2,
  renewKeepMs: 10_000,
  renewAfter: 0.6,
  renewLeastMs: 100,
  renewMostMs: 1000,
  requestLimit: 4096,
  revalidateLimit: 1000,
};

export interface ClientLeaseHeld {
  readonly generation: number;
  /** On the client's holder clock. */
  endMs: number;
}

export type PendingRequest =
  | {
      readonly kind: 'read';
      readonly ticket: number;
      readonly name: string;
      readonly mode: ReadMode;
    }
  | {
      readonly kind: 'write';
      readonly ticket: number;
      readonly requestId: string;
      readonly write: SessionWrite;
      readonly conditions: WriteConditions;
      /** How often it was sent: a rejection says nothing about an earlier attempt. */
      attempts: number;
      /** What was released before the first attempt. */
      since: string | null;
    }
  | { readonly kind: 'revalidate'; readonly names: readonly string[] };

/** A change feed that is followed from session to session. */
export interface Watch {
  readonly ticket: number;
  readonly prefix: string;
  /** Where it stands; null before it was told where it begins. */
  cursor: string | null;
}

export interface ClientState {
  readonly config: ClientConfig;
  clock: { monoMs: number; wallMs: number; holderMs: number };
  /** The live session's number; null while there is none. */
  session: string | null;
  site: string;
  readonly leases: Map<string, ClientLeaseHeld>;
  /** † The highest revocation heard per shard on this session. */
  readonly revoked: Map<string, number>;
  readonly cache: Cache;
  readonly requests: Map<number, PendingRequest>;
  readonly watches: Map<number, Watch>;
  nextId: number;
  /** What the site said last of what is released. */
  position: string | null;
  usedMs: number;
  nextRenewMs: number;
}

export type ClientInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'message'; readonly message: SiteReply }
  | {
      readonly kind: 'read';
      readonly ticket: number;
      readonly name: string;
      readonly mode: ReadMode;
    }
  | {
      readonly kind: 'write';
      readonly ticket: number;
      readonly requestId: string;
      readonly write: SessionWrite;
      readonly conditions: WriteConditions;
      /** † What was released before an earlier attempt under this id, if its outcome is not known. */
      readonly since?: string;
    }
  | {
      readonly kind: 'watch';
      readonly ticket: number;
      readonly prefix: string;
      readonly from: string | null;
    }
  | { readonly kind: 'unwatch'; readonly ticket: number }
  /** Its time is up: a write that was sent has an unknown outcome. */
  | { readonly kind: 'give-up'; readonly ticket: number };

export type ClientEffect =
  | { readonly kind: 'send'; readonly message: ClientMessage }
  | {
      readonly kind: 'answer';
      readonly ticket: number;
      readonly answer: ClientAnswer;
    }
  | {
      readonly kind: 'changes';
      readonly ticket: number;
      readonly changes: readonly Change[];
      readonly cursor: string;
    }
  | { readonly kind: 'watch-ended'; readonly ticket: number; readonly reason: WatchEnd }
  /** An entry turned from valid to suspect by push. */
  | { readonly kind: 'invalidated'; readonly name: string };

export function createClientState(config: ClientConfig, now: Now): ClientState {
  return {
    config,
    clock: { monoMs: now.monoMs, wallMs: now.wallMs, holderMs: 0 },
    session: null,
    site: '',
    leases: new Map(),
    revoked: new Map(),
    cache: createCache(config.cache),
    requests: new Map(),
    watches: new Map(),
    nextId: 1,
    position: null,
    usedMs: Number.NEGATIVE_INFINITY,
    nextRenewMs: Number.POSITIVE_INFINITY,
  };
}
