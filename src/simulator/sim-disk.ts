import { type LogEntry, ORIGIN, type Position } from '../protocol/log-entry.js';
import {
  type HardState,
  INITIAL_HARD_STATE,
  type LogRead,
  type LogWrite,
  type OpenedLog,
  type ShardLog,
  type StorageFailure,
} from '../protocol/ports.js';
import type { NodeClock } from './clock.js';
import type { EventQueue } from './event-queue.js';
import { deepFreeze } from './frozen.js';
import type { Random } from './random.js';

export interface DiskOptions {
  /** One sync takes between these, in milliseconds of true time. */
  readonly syncMs: { readonly least: number; readonly most: number };
  readonly readMs: number;
  /** Chance that a sync fails; the disk then fails for the rest of the process's run. */
  readonly syncErrorChance: number;
  /** After a crash an unsynced write may be kept in part: its first records, in order. */
  readonly tornWrites: boolean;
  /** Entries kept at most; a write beyond it fails with `disk_full`. */
  readonly entryLimit: number;
  /** Trimming removes whole segments of so many entries. */
  readonly segmentEntries: number;
}

export const DEFAULT_DISK: DiskOptions = {
  syncMs: { least: 0.5, most: 3 },
  readMs: 0.1,
  syncErrorChance: 0,
  tornWrites: true,
  entryLimit: 1_000_000,
  segmentEntries: 64,
};

export interface DiskCounts {
  writes: number;
  syncs: number;
  failedSyncs: number;
  fullWrites: number;
  crashes: number;
  writesLost: number;
  writesTorn: number;
  rotted: number;
  wipes: number;
}

/** A hard state with the log's end when it was written: what rots below takes it along. */
interface PlacedState {
  readonly afterSeq: number;
  readonly state: HardState;
}

interface LogImage {
  base: Position;
  entries: LogEntry[];
  states: PlacedState[];
  rotten: number[];
}

/** Something written and not yet synced, with what it takes to undo it. */
interface Unsynced {
  readonly write: LogWrite | null;
  readonly image: LogImage;
  /** The image before it: itself for a write, another for a reset. */
  readonly before: LogImage;
  readonly removed: readonly LogEntry[];
  readonly added: number;
  readonly statesBefore: readonly PlacedState[];
  readonly done: (failure: StorageFailure | null) => void;
}

function emptyImage(base: Position, state: HardState): LogImage {
  return { base, entries: [], states: [{ afterSeq: base.seq, state }], rotten: [] };
}

function sizeOf(entry: LogEntry): number {
  const { operation } = entry;
  const inline = operation.kind === 'put' && operation.content.kind === 'inline';
  return 128 + (inline ? operation.content.size : 0);
}

/**
 * The log of one shard at one site, on a simulated disk. Reads see what was written; only a sync
 * makes it last. A crash keeps of the unsynced writes a prefix in order, the last one perhaps torn.
 */
export class SimDisk implements ShardLog {
  private image = emptyImage(ORIGIN, INITIAL_HARD_STATE);
  private unsynced: Unsynced[] = [];
  private isSyncing = false;
  private failure: StorageFailure | null = null;
  private life = 0;
  private torn = 0;
  readonly counts: DiskCounts = {
    writes: 0,
    syncs: 0,
    failedSyncs: 0,
    fullWrites: 0,
    crashes: 0,
    writesLost: 0,
    writesTorn: 0,
    rotted: 0,
    wipes: 0,
  };

  constructor(
    private readonly queue: EventQueue,
    private readonly clock: NodeClock,
    private readonly random: Random,
    public options: DiskOptions = DEFAULT_DISK,
  ) {}

  write(write: LogWrite, done: (failure: StorageFailure | null) => void): void {
    this.counts.writes += 1;
    if (this.failure === null && this.isTooMuch(write)) {
      this.counts.fullWrites += 1;
      this.failure = { kind: 'disk_full', message: 'no space left on the simulated disk' };
    }
    if (this.failure !== null) {
      this.answer(done, this.failure);
      return;
    }
    deepFreeze(write);
    this.unsynced.push(this.applyWrite(write, done));
    this.startSync();
  }

  read(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
    done: (result: LogRead) => void,
  ): void {
    const { life } = this;
    this.clock.deliverAfter(this.options.readMs, () => {
      if (life === this.life) done(this.readNow(from, limit));
    });
  }

  trim(upToSeq: number): void {
    const { image } = this;
    const isResetting = this.unsynced.some((unsynced) => unsynced.write === null);
    const first = this.unsynced.reduce(
      (seq, { write }) => Math.min(seq, write?.cutFrom ?? Infinity, write?.entries[0]?.seq ?? seq),
      Infinity,
    );
    if (isResetting || upToSeq <= image.base.seq) return;
    const wanted = Math.min(upToSeq, first - 1) - image.base.seq;
    const count = Math.floor(wanted / this.options.segmentEntries) * this.options.segmentEntries;
    const last = image.entries[count - 1];
    if (count <= 0 || last === undefined) return;
    image.entries.splice(0, count);
    image.base = { epoch: last.epoch, seq: last.seq };
    image.rotten = image.rotten.filter((seq) => seq > last.seq);
  }

  reset(
    base: Position,
    hardState: HardState,
    done: (failure: StorageFailure | null) => void,
  ): void {
    if (this.failure !== null) {
      this.answer(done, this.failure);
      return;
    }
    const before = this.image;
    this.image = emptyImage(base, hardState);
    this.unsynced.push({
      write: null,
      image: this.image,
      before,
      removed: [],
      added: 0,
      statesBefore: before.states,
      done,
    });
    this.startSync();
  }

  /** The power goes: callbacks that are due never come, and unsynced writes may be lost. */
  crash(random: Random = this.random): void {
    this.counts.crashes += 1;
    this.life += 1;
    this.isSyncing = false;
    this.failure = null;
    const { unsynced } = this;
    this.unsynced = [];
    const kept = random.int(unsynced.length + 1);
    for (const lost of unsynced.slice(kept).reverse()) this.undo(lost);
    this.counts.writesLost += unsynced.length - kept;
    const torn = unsynced[kept]?.write;
    if (torn && this.options.tornWrites) this.keepPart(torn, random);
  }

  /** What the next start of the process finds. The log is then used again as this same object. */
  reopen(): OpenedLog {
    const { image } = this;
    const rotten = Math.min(...image.rotten, Infinity);
    if (rotten === Infinity) {
      return {
        base: image.base,
        entries: [...image.entries],
        hardState: image.states.at(-1)!.state,
        tornBytes: this.tornBytes(),
      };
    }
    image.entries.length = Math.max(0, rotten - image.base.seq - 1);
    const readable = image.states.filter(({ afterSeq }) => afterSeq < rotten);
    image.states = readable.length > 0 ? readable : [{ afterSeq: 0, state: INITIAL_HARD_STATE }];
    image.rotten = [];
    return {
      base: image.base,
      entries: [...image.entries],
      hardState: image.states.at(-1)!.state,
      tornBytes: 0,
      damagedFrom: rotten,
    };
  }

  /** A random synced entry goes bad; false when there is none. */
  rot(random: Random = this.random): boolean {
    const { image } = this;
    const unsyncedEntries = this.unsynced.reduce((sum, { added }) => sum + added, 0);
    const synced = image.entries.length - unsyncedEntries;
    const isResetting = this.unsynced.some(({ write }) => write === null);
    if (synced <= 0 || isResetting) return false;
    image.rotten.push(image.entries[random.int(synced)]!.seq);
    this.counts.rotted += 1;
    return true;
  }

  hasRot(): boolean {
    return this.image.rotten.length > 0;
  }

  /** The disk is replaced by an empty one. Only while the process is down. */
  wipe(): void {
    this.counts.wipes += 1;
    this.crash();
    this.image = emptyImage(ORIGIN, INITIAL_HARD_STATE);
  }

  /** Every later write fails, as when the device went read-only. */
  fail(failure: StorageFailure): void {
    if (this.failure === null && failure.kind === 'disk_full') this.counts.fullWrites += 1;
    this.failure ??= failure;
  }

  /** What would survive if every unsynced write were lost. For judges. */
  durableEntries(): LogEntry[] {
    let entries = this.image.entries.slice();
    for (const lost of this.unsynced.slice().reverse()) {
      if (lost.write === null) entries = lost.before.entries.slice();
      else entries.splice(entries.length - lost.added, lost.added, ...lost.removed);
    }
    return entries;
  }

  /** Up to here the log would be as it is now if every unsynced write were lost. For judges. */
  durableUpTo(): number {
    const { image, unsynced } = this;
    let seq = image.base.seq + image.entries.length;
    for (const { write } of unsynced) {
      const first = Math.min(write?.cutFrom ?? Infinity, write?.entries[0]?.seq ?? Infinity);
      if (write !== null) seq = Math.min(seq, first - 1);
    }
    return seq;
  }

  /** The hard state that would be found if every unsynced write were lost. For judges. */
  durableState(): HardState {
    const lost = this.unsynced.find(({ write }) => write === null || write.hardState !== undefined);
    return (lost?.statesBefore ?? this.image.states).at(-1)!.state;
  }

  private tornBytes(): number {
    const { torn } = this;
    this.torn = 0;
    return torn;
  }

  private isTooMuch(write: LogWrite): boolean {
    return this.image.entries.length + write.entries.length > this.options.entryLimit;
  }

  private applyWrite(write: LogWrite, done: (failure: StorageFailure | null) => void): Unsynced {
    const { image } = this;
    const statesBefore = image.states;
    let removed: LogEntry[] = [];
    if (write.cutFrom !== undefined) {
      const { cutFrom } = write;
      if (cutFrom <= image.base.seq) throw new Error(`cut at ${cutFrom} reaches below the base`);
      removed = image.entries.splice(cutFrom - image.base.seq - 1);
      image.rotten = image.rotten.filter((seq) => seq < cutFrom);
      image.states = image.states.map((placed) => ({
        ...placed,
        afterSeq: Math.min(placed.afterSeq, cutFrom - 1),
      }));
    }
    for (const entry of write.entries) {
      const expected = image.base.seq + image.entries.length + 1;
      if (entry.seq !== expected) throw new Error(`entry ${entry.seq} where ${expected} follows`);
      image.entries.push(entry);
    }
    if (write.hardState !== undefined) {
      const afterSeq = image.base.seq + image.entries.length;
      image.states = [...image.states.slice(-7), { afterSeq, state: write.hardState }];
    }
    const added = write.entries.length;
    return { write, image, before: image, removed, added, statesBefore, done };
  }

  private undo(lost: Unsynced): void {
    this.image = lost.before;
    if (lost.write === null) return;
    const { entries } = this.image;
    entries.splice(entries.length - lost.added, lost.added, ...lost.removed);
    this.image.states = [...lost.statesBefore];
  }

  /** Keeps the first records of a write, in the order cut, entries, state. */
  private keepPart(write: LogWrite, random: Random): void {
    const records = (write.cutFrom === undefined ? 0 : 1) + write.entries.length;
    const count = random.int(records + 1);
    this.torn = random.int(100);
    if (count === 0) return;
    this.counts.writesTorn += 1;
    const entries = write.entries.slice(0, count - (write.cutFrom === undefined ? 0 : 1));
    const cut = write.cutFrom === undefined ? {} : { cutFrom: write.cutFrom };
    this.applyWrite({ ...cut, entries }, () => {});
  }

  private startSync(): void {
    if (this.isSyncing || this.unsynced.length === 0) return;
    this.isSyncing = true;
    const { life } = this;
    const count = this.unsynced.length;
    const { least, most } = this.options.syncMs;
    this.queue.after(this.random.between(least, most), () => {
      if (life === this.life) this.endSync(count);
    });
  }

  private endSync(count: number): void {
    this.isSyncing = false;
    this.counts.syncs += 1;
    if (this.random.chance(this.options.syncErrorChance)) {
      this.counts.failedSyncs += 1;
      this.failure ??= { kind: 'io_error', message: 'the simulated sync failed' };
    }
    if (this.failure !== null) {
      // What a failed sync left behind is as uncertain as after a crash: it stays unsynced.
      for (const { done } of this.unsynced) this.answer(done, this.failure);
      return;
    }
    const synced = this.unsynced.splice(0, count);
    for (const { done } of synced) this.answer(done, null);
    this.startSync();
  }

  private answer(
    done: (failure: StorageFailure | null) => void,
    failure: StorageFailure | null,
  ): void {
    const { life } = this;
    this.clock.deliverAfter(0, () => {
      if (life === this.life) done(failure);
    });
  }

  private readNow(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
  ): LogRead {
    const { image } = this;
    if (from <= image.base.seq) {
      return { ok: false, reason: 'trimmed', message: `the log starts after ${image.base.seq}` };
    }
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (let index = from - image.base.seq - 1; index < image.entries.length; index += 1) {
      const entry = image.entries[index]!;
      bytes += sizeOf(entry);
      if (entries.length >= limit.entries || (entries.length > 0 && bytes > limit.bytes)) break;
      if (image.rotten.includes(entry.seq)) {
        if (entries.length > 0) break;
        return { ok: false, reason: 'damaged', message: `entry ${entry.seq} fails its checksum` };
      }
      entries.push(entry);
    }
    return { ok: true, entries };
  }
}
