import type { MessageKind } from '../../protocol/node/message-kind.js';
import type { ClusterStatus } from '../status-types.js';
import type { SiteEvent } from '../telemetry/event-ring.js';

/*
 * What a watched cluster looks like while it works: the messages between sites, counted by kind and
 * sampled, how each site sees the cluster, how long requests took, and what happened. Sent to consoles as JSON.
 */

export interface LiveMark {
  readonly to: string;
  readonly kind: MessageKind;
  /** The shard; '' where the message is of none. */
  readonly shard: string;
  /** Since the beginning of its tick. */
  readonly atMs: number;
}

/** What one site sent in a short while. */
export interface LiveTick {
  /** Counts the ticks of one run of the site, from 1. */
  readonly seq: number;
  readonly forMs: number;
  /** All messages, also those that are not among the marks. */
  readonly counts: readonly {
    readonly to: string;
    readonly kind: MessageKind;
    readonly count: number;
  }[];
  /** The first ones of each way and kind, up to a limit. */
  readonly marks: readonly LiveMark[];
}

/** How many requests took how long since the site started. */
export interface LatencyCounts {
  /** Upper bounds; one count more than these says how many were slower. */
  readonly boundsMs: readonly number[];
  /** Reads, by what their freshness rested on. */
  readonly reads: Readonly<
    Record<'primary' | 'lease' | 'validated' | 'fetched', readonly number[]>
  >;
  /** Writes of which this site is the primary, by what they waited for. */
  readonly writes: Readonly<Record<'disk' | 'quorum' | 'caches', readonly number[]>>;
}

/** What a site tells of itself to the site that somebody looks at. */
export interface LiveAnswer {
  readonly run: string;
  readonly ticks: readonly LiveTick[];
  /** As `GET /v1/cluster` of that site; null when it was not asked for. */
  readonly status: ClusterStatus | null;
  /** Asked for and left out together with the status; a site of an earlier build has none. */
  readonly latency?: LatencyCounts | null;
  /** Those that happened since it was last asked, oldest first; at first the newest ones. */
  readonly events?: readonly SiteEvent[];
}

export interface LiveFrame {
  readonly site: string;
  /** Null: it does not answer. */
  readonly answer: LiveAnswer | null;
}

/** Something to look at; a gateway offers it to consoles. */
export interface LiveSource {
  /** Tells every frame until what it returns is called. Null: as many look on as may. */
  watch(listener: (frame: LiveFrame) => void): (() => void) | null;
}
