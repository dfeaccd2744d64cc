import { slice, endSeq } from '../../protocol/shard/log-tail.js';
import type { Core } from '../scenario/core.js';
import { feed, type Station, viewHead } from '../scenario/station.js';
import { copyStation, shortEntry } from './canonical.js';
import { MOMENTS_MS } from './setting.js';

/** The part of a site's state that the judges look at. */
export interface Summary {
  readonly isUp: boolean;
  readonly role: 'replica' | 'candidate' | 'primary';
  readonly epoch: number;
  /** It takes writes. */
  readonly serves: boolean;
  readonly log: readonly string[];
  readonly commitSeq: number;
  readonly shown: readonly string[];
  readonly onDisk: readonly string[];
  readonly unsynced: number;
  /** When its timer is due, if it is primary or candidate. */
  readonly dueMs: number;
  /** At each moment: the version that it serves under lease, or null if it serves none so. */
  readonly leased: readonly (Leased | null)[];
  /** At each moment: the version that a reader is told, or null if none is. */
  readonly readable: readonly (Read | null)[];
}

/** A version, and the epoch of the primary that granted it. */
export interface Leased {
  readonly version: number;
  readonly epoch: number;
}

export interface Read {
  readonly version: number;
  readonly seq: number;
  readonly entry: string;
}

export function summarise(core: Core, station: Station): Summary {
  const { state, image, unsynced, view } = station;
  const onDisk = image.entries.map(shortEntry);
  const down = { isUp: false, role: 'replica', epoch: 0, serves: false, log: [] } as const;
  const rest = { shown: view.map(shortEntry), onDisk, unsynced: unsynced.length };
  if (state === null) {
    return {
      ...down,
      ...rest,
      commitSeq: 0,
      dueMs: Infinity,
      leased: MOMENTS_MS.map(() => null),
      readable: MOMENTS_MS.map(() => null),
    };
  }
  const { role } = state;
  // The log in memory begins with the view's part of it: nothing is trimmed here.
  const before = view.slice(0, state.log.before.seq);
  return {
    ...rest,
    isUp: true,
    role: role.kind,
    epoch: role.kind === 'replica' ? 0 : role.epoch,
    serves: role.kind === 'primary' && role.phase === 'serving',
    log: [...before, ...slice(state.log, 1, endSeq(state.log))].map(shortEntry),
    commitSeq: state.commitSeq,
    dueMs: role.kind === 'replica' ? Infinity : core.nextDeadline(state),
    leased: MOMENTS_MS.map((ms) => leasedAt(core, station, ms)),
    readable: MOMENTS_MS.map((ms) => readAt(core, station, ms)),
  };
}

function leasedAt(core: Core, station: Station, ms: number): Leased | null {
  if (station.state === null || station.state.leasehold.grants.size === 0) return null;
  const { state } = copyStation(station);
  if (state === null) return null;
  const step = { s: state, now: { monoMs: ms, wallMs: ms }, out: [] };
  core.advanceClock(step);
  const grant = core.heldGrant(step, 'f');
  if (grant === undefined) return null;
  return { version: grant.version?.version ?? 0, epoch: grant.epoch };
}

function readAt(core: Core, station: Station, ms: number): Read | null {
  if (station.state?.role.kind !== 'primary') return null;
  const copy = copyStation(station);
  const found = { head: viewHead(station.view, 'f'), inTheWay: false };
  const input = { kind: 'ask', ticket: 0, name: 'f', found, asker: null } as const;
  for (const effect of feed(core, copy, input, { monoMs: ms, wallMs: ms })) {
    if (effect.kind !== 'answer' || effect.answer.outcome !== 'head') continue;
    const { head } = effect.answer;
    if (head === null) return { version: 0, seq: 0, entry: '' };
    const { version, seq, epoch } = head;
    return { version, seq, entry: `${epoch}/${seq}` };
  }
  return null;
}
