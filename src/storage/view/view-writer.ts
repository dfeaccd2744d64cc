import {
  fileVersionOf,
  type LogEntry,
  type Position,
  positionOf,
} from '../../protocol/log-entry.js';
import type { OwnershipRecord, StorageFailure } from '../../protocol/ports.js';
import type { PlacedContent } from '../content-place.js';
import { ByteArena } from '../byte-arena.js';
import { contentHash } from '../content-hash.js';
import { commitFailure } from './commit-failure.js';
import { HistoryRetention, type Retain } from './history-retention.js';
import { CONFIGURATION_KEY, ownershipKey, sealPosition } from './position-record.js';
import {
  nameKey,
  POSITION_KEY,
  RecordKind,
  requestKey,
  supersededKey,
  versionKey,
} from './record-keys.js';
import { packConfiguration } from '../entry-codec.js';
import {
  fileVersionFrom,
  headValue,
  ownershipValue,
  placeIn,
  requestValue,
  seal,
  unseal,
  versionValue,
} from './record-values.js';
import type { RecordDatabase } from './record-database.js';
import {
  bucketOf,
  entriesAfter,
  forgottenRequestSeq,
  erasedBy,
  ownershipOf,
  patternText,
  requestOf,
} from './view-semantics.js';

type Done = (failure: StorageFailure | null) => void;

interface Waiting {
  readonly entries: readonly LogEntry[];
  /** Done alone, between the transactions of entries. */
  readonly task?: () => Promise<void>;
  readonly done: Done;
}

/** The content of a version that the view names a place of. */
export interface HeldContent {
  readonly name: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Entries in one transaction, so that a long backlog does not hold the loop or much memory. */
const BATCH_ENTRIES = 1_000;
/** Memory that stays with a view for encoding its transactions. */
const ARENA_BYTES = 2 * 1024 * 1024;
/** The least time from one transaction to the next, unless this many entries wait. */
const GATHER_MS = 50;
const GATHER_ENTRIES = 1000;

const CLOSED: StorageFailure = { kind: 'io_error', message: 'the view is closed' };

/** Puts entries into a shard's database: many applies in a transaction, with their position. */
export class ViewWriter {
  private waiting: Waiting[] = [];
  private working: Promise<void> | null = null;
  private failure: StorageFailure | null = null;
  private closed = false;
  /** Holds the values of the transaction under way, which lmdb reads from another thread. */
  private readonly arena = new ByteArena(ARENA_BYTES);
  private owned = new Map<string, number>();
  private placed: PlacedContent | null = null;
  /** What the last call of `apply` brought the view to, visible or not. */
  private accepted: Position;
  private lastBatchMs = Number.NEGATIVE_INFINITY;
  private forgotten: number;

  constructor(
    private readonly shard: string,
    private readonly db: RecordDatabase,
    position: Position,
    ownership: readonly OwnershipRecord[],
    private readonly reached: {
      visible(position: Position): void;
      durable(position: Position): void;
    },
  ) {
    this.accepted = position;
    this.forgotten = forgottenRequestSeq(position.seq);
    this.takeOwnership(ownership);
  }

  /** From here on content stays where the log has it. */
  useLog(placed: PlacedContent): void {
    this.placed = placed;
  }

  /** The database now stands at another position: a snapshot was installed. */
  restart(position: Position, ownership: readonly OwnershipRecord[]): void {
    this.accepted = position;
    this.forgotten = forgottenRequestSeq(position.seq);
    this.takeOwnership(ownership);
  }

  apply(entries: readonly LogEntry[], done: Done): void {
    if (this.closed) return;
    const fresh = entriesAfter(this.accepted.seq, entries);
    const last = fresh.at(-1);
    if (last) this.accepted = positionOf(last);
    this.waiting.push({ entries: fresh, done });
    this.working ??= Promise.resolve().then(() => this.work());
  }

  /**
   * Puts content into the database that records only name the place of; versions that are gone or
   * have it already are left out, and so is what does not hash to its version's name. False when it
   * is not certain that the rest is on disk; nothing is done while a snapshot is installed.
   */
  async hold(contents: readonly HeldContent[], isInstalling: () => boolean): Promise<boolean> {
    const done = await this.run(() =>
      this.commit(null, () => {
        if (isInstalling()) return;
        for (const content of contents) this.putContent(content);
      }),
    );
    if (!done || isInstalling()) return false;
    return Promise.resolve(this.db.flushed).then(
      () => true,
      () => false,
    );
  }

  /** When what was given to `apply` before is in the database; false if that failed. */
  applied(): Promise<boolean> {
    return this.run(() => Promise.resolve());
  }

  private run(task: () => Promise<void>): Promise<boolean> {
    if (this.closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.waiting.push({ entries: [], task, done: (failure) => resolve(failure === null) });
      this.working ??= Promise.resolve().then(() => this.work());
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    const left = this.waiting;
    this.waiting = [];
    for (const { task, done } of left) if (task) done(CLOSED);
    await this.working;
  }

  private takeOwnership(ownership: readonly OwnershipRecord[]): void {
    this.owned = new Map(ownership.map((o) => [patternText(o.pattern), o.tableVersion]));
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      await this.pace();
      const batch = this.takeBatch();
      const entries = batch.flatMap((waiting) => waiting.entries);
      try {
        if (!this.failure) await (batch[0]?.task?.() ?? this.writeAll(entries));
      } catch (error) {
        this.failure = await commitFailure(error, `writing the view of shard ${this.shard}`);
      }
      for (const { task, done } of batch) if (task || !this.closed) done(this.failure);
    }
    this.working = null;
  }

  /**
   * Each transaction writes its way through the trees anew, so under load entries are gathered for
   * a while; what comes after a rest is not kept waiting.
   */
  private async pace(): Promise<void> {
    const leftMs = this.lastBatchMs + GATHER_MS - performance.now();
    const entries = this.waiting.reduce((sum, waiting) => sum + waiting.entries.length, 0);
    if (leftMs > 0 && entries < GATHER_ENTRIES && !this.closed) {
      await new Promise((resolve) => setTimeout(resolve, leftMs));
    }
    this.lastBatchMs = performance.now();
  }

  private takeBatch(): Waiting[] {
    let count = 0;
    let entries = 0;
    for (const waiting of this.waiting) {
      if (count > 0 && waiting.task) break;
      if (count > 0 && entries + waiting.entries.length > BATCH_ENTRIES) break;
      entries += waiting.entries.length;
      count += 1;
      if (waiting.task) break;
    }
    return this.waiting.splice(0, count);
  }

  private async writeAll(entries: readonly LogEntry[]): Promise<void> {
    let from = 0;
    while (from < entries.length) {
      const first = entries[from];
      if (first?.operation.kind === 'retain') {
        await this.retain(first, first.operation);
        from += 1;
        continue;
      }
      let to = from;
      while (to < entries.length && to - from < BATCH_ENTRIES) {
        if (entries[to]?.operation.kind === 'retain') break;
        to += 1;
      }
      await this.writeBatch(entries.slice(from, to));
      from = to;
    }
  }

  private async writeBatch(entries: readonly LogEntry[]): Promise<void> {
    const last = entries.at(-1);
    if (!last) return;
    await this.commit(positionOf(last), () => {
      for (const entry of entries) this.putEntry(entry);
    });
  }

  /** One transaction that also brings the position forward. */
  private async commit(position: Position | null, writes: () => void): Promise<void> {
    this.arena.clear();
    const committed = this.db.batch(() => {
      writes();
      if (!position) return;
      this.forgetRequests(position.seq);
      void this.db.put(POSITION_KEY as Buffer, sealPosition(position));
    });
    await committed;
    if (!position) return;
    this.reached.visible(position);
    void Promise.resolve(this.db.flushed).then(
      () => this.reached.durable(position),
      () => undefined,
    );
  }

  private put(key: Buffer, value: unknown): void {
    void this.db.put(key, seal(key, value, this.arena.room));
  }

  private putEntry(entry: LogEntry): void {
    const request = requestOf(entry);
    if (request) this.put(requestKey(entry.seq), requestValue(request));
    const ownership = ownershipOf(this.shard, entry.operation);
    if (ownership) this.putOwnership(ownership);
    const { operation } = entry;
    if (operation.kind === 'configure') {
      this.put(CONFIGURATION_KEY as Buffer, packConfiguration(operation.configuration));
    }
    const file = fileVersionOf(entry);
    if (!file) return;
    const { name, version, seq, modifiedMs } = file;
    const place = file.content?.kind === 'inline' ? this.placed?.take(entry) : undefined;
    this.put(versionKey(name, version), versionValue(file, place));
    const [kind, otherKind] = file.deleted
      ? [RecordKind.tombstone, RecordKind.head]
      : [RecordKind.head, RecordKind.tombstone];
    this.put(nameKey(kind, name), headValue(file));
    if (version <= 1) return;
    void this.db.remove(nameKey(otherKind, name));
    this.put(supersededKey(bucketOf(name), modifiedMs, seq), [name, version]);
    for (const erased of erasedBy(entry)) void this.db.remove(versionKey(name, erased));
  }

  private putContent({ name, version, bytes }: HeldContent): void {
    const key = versionKey(name, version);
    const sealed = this.db.getBinary(key);
    const fields = sealed && unseal(key, sealed);
    if (!placeIn(fields)) return;
    const whole: readonly unknown[] = [...(fields as unknown[]).slice(0, -1), bytes];
    const file = fileVersionFrom(name, whole);
    if (file.content?.etag === contentHash(bytes)) this.put(key, versionValue(file));
  }

  private putOwnership(record: OwnershipRecord): void {
    const text = patternText(record.pattern);
    if ((this.owned.get(text) ?? -1) > record.tableVersion) return;
    this.owned.set(text, record.tableVersion);
    this.put(ownershipKey(record), ownershipValue(record));
  }

  private forgetRequests(seq: number): void {
    const upTo = forgottenRequestSeq(seq);
    for (let gone = this.forgotten + 1; gone <= upTo; gone += 1) {
      void this.db.remove(requestKey(gone));
    }
    this.forgotten = Math.max(this.forgotten, upTo);
  }

  /**
   * In blocks; a crash between them leaves the position below, and the same entry finishes the work.
   */
  private async retain(entry: LogEntry, operation: Retain): Promise<void> {
    const retention = new HistoryRetention(this.db, {
      commit: (writes) => this.commit(null, writes),
      put: (key, value) => this.put(key, value),
      isClosed: () => this.closed,
    });
    if (!(await retention.run(operation))) return;
    await this.commit(positionOf(entry), () => this.putEntry(entry));
  }
}
