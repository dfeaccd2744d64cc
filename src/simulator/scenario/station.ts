import type { ChunkedContent, FileVersion } from '../../protocol/file-version.js';
import {
  type Configuration,
  fileVersionOf,
  type LogEntry,
  nameOf,
  ORIGIN,
  type Position,
} from '../../protocol/log-entry.js';
import {
  type ClaimRecord,
  type HardState,
  INITIAL_HARD_STATE,
  type LogRead,
  type LogWrite,
  type OpenedLog,
  type OwnershipRecord,
  type RequestRecord,
  type SiteRecord,
  type StorageFailure,
  type TableRule,
} from '../../protocol/ports.js';
import type { ShardConfig } from '../../protocol/shard/config.js';
import type { ShardEffect } from '../../protocol/shard/effects.js';
import type { Now, ShardInput } from '../../protocol/shard/inputs.js';
import { endSeq } from '../../protocol/shard/log-tail.js';
import { createOwnership, settleMove } from '../../protocol/shard/ownership.js';
import type { ShardState } from '../../protocol/shard/state.js';
import type { Core } from './core.js';

/*
 * One site with its disk and its view, as plain data: nothing happens of itself. The disk syncs one
 * write at a time, when it is told to; the view shows what it is given at once.
 */

/** What is certainly on disk. */
export interface DiskImage {
  readonly base: Position;
  readonly entries: readonly LogEntry[];
  readonly hard: HardState;
  /** From here on entries fail their checksum; null if none does. */
  readonly damagedFrom: number | null;
}

export type Unsynced =
  | { readonly id: number; readonly kind: 'write'; readonly write: LogWrite }
  | {
      readonly id: number;
      readonly kind: 'reset';
      readonly base: Position;
      readonly hardState: HardState;
    };

export interface Station {
  readonly site: string;
  /** Null while the process is down. */
  state: ShardState | null;
  image: DiskImage;
  unsynced: readonly Unsynced[];
  /** Everything the view was ever given, oldest first: its last entry is its position. */
  view: readonly LogEntry[];
  /** How much of the view survives a crash. */
  keptView: number;
  /** What the site's disk says of itself. */
  record: SiteRecord | null;
  /** Hashes of the chunks that are here. */
  chunks: readonly string[];
}

export const EMPTY_IMAGE: DiskImage = {
  base: ORIGIN,
  entries: [],
  hard: INITIAL_HARD_STATE,
  damagedFrom: null,
};

export function newStation(site: string): Station {
  return {
    site,
    state: null,
    image: EMPTY_IMAGE,
    unsynced: [],
    view: [],
    keptView: 0,
    record: null,
    chunks: [],
  };
}

export function viewPosition(view: readonly LogEntry[]): Position {
  const last = view.at(-1);
  return last === undefined ? ORIGIN : { epoch: last.epoch, seq: last.seq };
}

export function viewHead(view: readonly LogEntry[], name: string): FileVersion | undefined {
  const entry = view.findLast((each) => nameOf(each) === name);
  return entry === undefined ? undefined : fileVersionOf(entry);
}

export function viewRequests(view: readonly LogEntry[]): RequestRecord[] {
  return view
    .filter(({ requestId }) => requestId !== '')
    .map(({ requestId, epoch, seq, operation, ...entry }) => {
      const isWrite = operation.kind === 'put' || operation.kind === 'delete';
      const name = nameOf({ requestId, epoch, seq, operation, ...entry }) ?? '';
      return { requestId, epoch, seq, name, version: isWrite ? operation.version : 0 };
    });
}

export function viewOwnership(
  view: readonly LogEntry[],
  shard: string,
  rules: readonly TableRule[],
): OwnershipRecord[] {
  const ownership = createOwnership(shard, rules, []);
  for (const entry of view) settleMove(ownership, entry);
  return [...ownership.settled.values()];
}

export function viewConfiguration(view: readonly LogEntry[]): Configuration | null {
  const newest = view.findLast(({ operation }) => operation.kind === 'configure');
  return newest?.operation.kind === 'configure' ? newest.operation.configuration : null;
}

function applyToDisk(image: DiskImage, unsynced: Unsynced): DiskImage {
  if (unsynced.kind === 'reset') {
    return { base: unsynced.base, entries: [], hard: unsynced.hardState, damagedFrom: null };
  }
  const { cutFrom, entries, hardState } = unsynced.write;
  const left =
    cutFrom === undefined ? image.entries : image.entries.filter(({ seq }) => seq < cutFrom);
  const expected = (left.at(-1)?.seq ?? image.base.seq) + 1;
  if (entries.length > 0 && entries[0]?.seq !== expected) {
    throw new Error(`the disk is given entry ${entries[0]?.seq} where ${expected} follows`);
  }
  return { ...image, entries: [...left, ...entries], hard: hardState ?? image.hard };
}

/** Reads see what was written, synced or not. */
export function writtenImage(station: Station): DiskImage {
  return station.unsynced.reduce(applyToDisk, station.image);
}

function readLog(station: Station, from: number, limit: number): LogRead {
  const { base, entries } = writtenImage(station);
  if (from <= base.seq)
    return { ok: false, reason: 'trimmed', message: `starts after ${base.seq}` };
  const offset = from - base.seq - 1;
  return { ok: true, entries: entries.slice(offset, offset + limit) };
}

/** One input with all that comes of it at this site alone; the effects are told in order. */
export function feed(core: Core, station: Station, input: ShardInput, now: Now): ShardEffect[] {
  const { state } = station;
  if (state === null) return [];
  const told: ShardEffect[] = [];
  const inputs: ShardInput[] = [input];
  for (let index = 0; index < inputs.length; index += 1) {
    const next = inputs[index];
    if (next === undefined) break;
    for (const effect of core.step(state, next, now)) {
      told.push(effect);
      const answer = carryOut(station, effect);
      if (answer !== null) inputs.push(answer);
    }
    const { role } = state;
    const isLast = index === inputs.length - 1;
    if (!isLast || role.kind !== 'primary') continue;
    if (endSeq(state.log) > role.flushedSeq || role.commitNoticeDue) inputs.push({ kind: 'flush' });
  }
  return told;
}

/** What a site does by itself; the input that comes back from it at once, if any does. */
function carryOut(station: Station, effect: ShardEffect): ShardInput | null {
  switch (effect.kind) {
    case 'write': {
      const { id, write } = effect;
      station.unsynced = [...station.unsynced, { id, kind: 'write', write }];
      return null;
    }
    case 'reset-log': {
      const { id, base, hardState } = effect;
      station.unsynced = [...station.unsynced, { id, kind: 'reset', base, hardState }];
      return null;
    }
    case 'read-log': {
      const { id, from, entries } = effect;
      return { kind: 'log-read', id, result: readLog(station, from, entries) };
    }
    case 'apply':
      station.view = [...station.view, ...effect.entries];
      return { kind: 'applied', seq: effect.entries.at(-1)?.seq ?? 0 };
    case 'trim':
      trim(station, effect.upToSeq);
      return null;
    default:
      return null;
  }
}

/** A restart replays from what the view certainly kept: the log reaches back to there. */
function trim(station: Station, upToSeq: number): void {
  const kept = viewPosition(station.view.slice(0, station.keptView)).seq;
  const seq = Math.min(upToSeq, kept);
  const { image } = station;
  const last = image.entries.find((entry) => entry.seq === seq);
  if (last === undefined) return;
  station.image = {
    ...image,
    base: { epoch: last.epoch, seq },
    entries: image.entries.filter((entry) => entry.seq > seq),
  };
}

/** The oldest unsynced write reaches the disk, or fails to. */
export function sync(
  core: Core,
  station: Station,
  failure: StorageFailure | null,
  now: Now,
): ShardEffect[] {
  const [first, ...rest] = station.unsynced;
  if (first === undefined) return [];
  station.unsynced = rest;
  if (failure === null) station.image = applyToDisk(station.image, first);
  return feed(core, station, { kind: 'written', id: first.id, failure }, now);
}

/** The power goes: of the unsynced writes the first `kept` survive. */
export function crash(station: Station, kept: number): void {
  station.image = station.unsynced.slice(0, kept).reduce(applyToDisk, station.image);
  station.unsynced = [];
  station.state = null;
  station.view = station.view.slice(0, station.keptView);
}

/** What a site that starts finds elsewhere. */
export interface StartSurroundings {
  readonly config: Omit<ShardConfig, 'site' | 'run' | 'incarnation' | 'starts'>;
  readonly rules: readonly TableRule[];
  readonly atCoordinator: SiteRecord | null;
  readonly claim: ClaimRecord | null;
}

/** Begins a run, as a site does: finds out whether this is the disk it stopped with. */
export function start(core: Core, station: Station, around: StartSurroundings, now: Now): void {
  const { config, rules } = around;
  const { site, image } = station;
  const damaged = image.damagedFrom;
  const entries =
    damaged === null ? image.entries : image.entries.filter(({ seq }) => seq < damaged);
  const opened: OpenedLog = {
    base: image.base,
    entries,
    hardState: image.hard,
    tornBytes: 0,
    ...(damaged === null ? {} : { damagedFrom: damaged }),
  };
  const decision = core.decideStart(site, station.record, around.atCoordinator, damaged !== null);
  const position = viewPosition(station.view);
  const plan = core.planShardStart(opened, position, around.claim, decision.lost);
  const base = plan.resetTo ?? image.base;
  const left = plan.resetTo === null ? entries : [];
  station.image = { base, entries: left, hard: plan.hardState, damagedFrom: null };
  station.record = decision.record;
  const { incarnation, starts } = decision.record;
  station.state = core.createShardState(
    { ...config, site, run: `${site}-${starts}`, incarnation, starts },
    {
      opened: { base, entries: left, hardState: plan.hardState, tornBytes: 0 },
      viewPosition: position,
      requests: viewRequests(station.view),
      ownership: viewOwnership(station.view, config.shard, rules),
      configuration: viewConfiguration(station.view),
      initialRules: rules,
      missingContent: missingContent(station, left),
    },
    now,
  );
}

function missingContent(station: Station, entries: readonly LogEntry[]): Set<number> {
  const missing = new Set<number>();
  for (const { seq, operation } of entries) {
    if (operation.kind !== 'put' || operation.content.kind !== 'chunked') continue;
    if (!holds(station, operation.content)) missing.add(seq);
  }
  return missing;
}

export function holds(station: Station, content: ChunkedContent): boolean {
  return content.chunks.every(({ hash }) => station.chunks.includes(hash));
}
