import type { MessageKind } from '../../../src/protocol/node/message-kind.js';

/** A recorded run, small enough for a page; plain values, so that a worker can hand it over. */
export interface Recording {
  readonly seed: number;
  /** True milliseconds, from 0. */
  readonly endMs: number;
  readonly sites: readonly string[];
  /** By when they were sent. */
  readonly messages: MessageColumns;
  /** What each site does from a moment on, by site; before the first, it is down. */
  readonly siteSteps: ReadonlyMap<string, readonly Step<SiteState>[]>;
  /** Until when a direction (`from to`) lets nothing through, from a moment on. */
  readonly cutSteps: ReadonlyMap<string, readonly Step<number>[]>;
  /** Who serves a shard from a moment on. */
  readonly reignSteps: ReadonlyMap<string, readonly Step<Reign>[]>;
  /** What went on, in order. */
  readonly moments: readonly Moment[];
  /** When operations ended, in order, by outcome. */
  readonly ended: Readonly<Record<Outcome, Float64Array>>;
  readonly findings: readonly ToldFinding[];
  /** False: the trace breaks off before its end, and nothing is known of the verdict. */
  readonly hasEnd: boolean;
  readonly leftOut: LeftOut;
}

export const SITE_STATES = ['up', 'down', 'paused', 'asleep'] as const;
export type SiteState = (typeof SITE_STATES)[number];

export const FATES = [
  'delivered',
  'lost',
  'link-full',
  'partition',
  'crashed',
  'old-session',
] as const;

export const OUTCOMES = ['committed', 'rejected', 'unknown', 'ok', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One message a row; what is not a number is the index in a list. */
export interface MessageColumns {
  readonly sentMs: Float64Array;
  /** NaN: it never left. */
  readonly arrivedMs: Float64Array;
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** In the list of kinds that came with it. */
  readonly kind: Uint8Array;
  readonly fate: Uint8Array;
  readonly kinds: readonly MessageKind[];
}

export interface Step<T> {
  readonly atMs: number;
  readonly value: T;
}

export interface Reign {
  /** '': nobody. */
  readonly site: string;
  readonly epoch: number;
}

export interface Moment {
  readonly atMs: number;
  readonly what: 'fault' | 'event' | 'site' | 'finding';
  readonly tone: 'good' | 'bad' | 'plain';
  readonly text: string;
}

export interface ToldFinding {
  readonly invariant: string;
  readonly message: string;
  /** When the last of its operations ended. */
  readonly atMs: number;
  readonly operations: readonly string[];
}

/** What a recording has no room for, or cannot read: the oldest of each go first. */
export interface LeftOut {
  readonly messages: number;
  readonly moments: number;
  readonly steps: number;
  readonly operations: number;
  /** Lines that are none of a trace, or too long. */
  readonly lines: number;
}
