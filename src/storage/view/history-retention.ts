import type { Operation } from '../../protocol/log-entry.js';
import { isCount, isText } from '../entry-codec.js';
import type { RecordDatabase } from './record-database.js';
import {
  afterPrefix,
  bucketOfSupersededKey,
  momentOfSupersededKey,
  RecordKind,
  supersededKey,
  supersededPrefix,
  versionKey,
  versionOfKey,
} from './record-keys.js';
import { unreadable, unseal } from './record-values.js';
import { bucketOf, retentionOf } from './view-semantics.js';

export type Retain = Extract<Operation, { kind: 'retain' }>;

interface RetentionWrites {
  /** One transaction. */
  commit(writes: () => void): Promise<void>;
  put(key: Buffer, value: unknown): void;
  isClosed(): boolean;
}

interface Superseded {
  readonly key: Buffer;
  readonly name: string;
  /** The version that superseded the one before it. */
  readonly version: number;
}

const BLOCK_RECORDS = 500;
/** Files whose versions are counted in one turn: a few milliseconds. */
const BLOCK_COUNTED = 100;
/** Versions are read with their content, so fewer at once. */
const BLOCK_VERSIONS = 100;

/**
 * Drops history from a shard's database, a block in each transaction. What was superseded is kept
 * by bucket, so that a bucket whose history stays for ever costs a round one look. Done again after
 * a crash in the middle, the same operation ends in the same state.
 */
export class HistoryRetention {
  constructor(
    private readonly db: RecordDatabase,
    private readonly writes: RetentionWrites,
  ) {}

  /** False when the view was closed before the end. */
  async run(operation: Retain): Promise<boolean> {
    if (!(await this.sortByBucket())) return false;
    const ruleOf = retentionOf(operation);
    let from: Buffer = Buffer.of(RecordKind.superseded);
    for (;;) {
      const bucket = this.nextBucket(from);
      if (bucket === null) return true;
      const { beforeMs, versions } = ruleOf(bucket);
      if (!(await this.dropOld(bucket, beforeMs))) return false;
      if (versions !== null) {
        const countFromMs = operation.countFromMs ?? 0;
        if (!(await this.dropBeyond(bucket, versions, countFromMs))) return false;
      }
      from = afterPrefix(supersededPrefix(bucket));
    }
  }

  /** Records that an earlier version of this program wrote. */
  private async sortByBucket(): Promise<boolean> {
    const start = Buffer.of(RecordKind.supersededAnywhere);
    return this.inBlocks(start, afterPrefix(start), ({ key, name, version }) => {
      const { atMs, seq } = momentOfSupersededKey(key);
      void this.db.remove(key);
      this.writes.put(supersededKey(bucketOf(name), atMs, seq), [name, version]);
    });
  }

  private nextBucket(start: Buffer): string | null {
    const end = afterPrefix(Buffer.of(RecordKind.superseded));
    for (const key of this.db.getKeys({ start, end, limit: 1 })) return bucketOfSupersededKey(key);
    return null;
  }

  /** What was superseded before the moment. */
  private dropOld(bucket: string, beforeMs: number): Promise<boolean> {
    const start = supersededKey(bucket, 0, 0);
    const end = supersededKey(bucket, Math.max(0, Math.ceil(beforeMs)), 0);
    return this.inBlocks(start, end, ({ key, name, version }) => {
      void this.db.remove(key);
      void this.db.remove(versionKey(name, version - 1));
    });
  }

  /** Of files superseded from the moment on, all versions but the newest and so many below it. */
  private async dropBeyond(bucket: string, versions: number, fromMs: number): Promise<boolean> {
    let start = supersededKey(bucket, fromMs, 0);
    const end = afterPrefix(supersededPrefix(bucket));
    for (;;) {
      const block = this.superseded(start, end, BLOCK_COUNTED);
      const last = block.at(-1);
      if (last === undefined) return true;
      const names = [...new Set(block.map(({ name }) => name))];
      if (!(await this.trim(bucket, names, versions))) return false;
      // Where nothing is to be dropped, nothing else would let others have their turn.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.writes.isClosed()) return false;
      start = Buffer.concat([last.key, Buffer.alloc(1)]);
    }
  }

  /** The oldest go first: after a crash what is left is still found by what superseded it. */
  private async trim(bucket: string, names: readonly string[], versions: number): Promise<boolean> {
    let keys: Buffer[] = [];
    const remove = async (): Promise<boolean> => {
      const removed = keys;
      keys = [];
      if (removed.length === 0) return true;
      await this.writes.commit(() => {
        for (const key of removed) void this.db.remove(key);
      });
      return !this.writes.isClosed();
    };
    for (const name of names) {
      for (let isMore = true; isMore; ) {
        const oldest = this.oldest(bucket, name, versions);
        keys.push(...oldest.keys);
        ({ isMore } = oldest);
        // What is read next has to show what was removed.
        if ((isMore || keys.length >= BLOCK_RECORDS) && !(await remove())) return false;
      }
    }
    return remove();
  }

  /** Keys of versions beyond those kept, and of the records that say what superseded them. */
  private oldest(
    bucket: string,
    name: string,
    versions: number,
  ): { readonly keys: readonly Buffer[]; readonly isMore: boolean } {
    const range = {
      start: versionKey(name, 0),
      end: versionKey(name, Number.MAX_SAFE_INTEGER),
    };
    // lmdb keeps what it is asked with, and writes into it.
    const beyond = this.db.getKeysCount({ ...range }) - 1 - versions;
    if (beyond <= 0) return { keys: [], isMore: false };
    const limit = Math.min(beyond, BLOCK_VERSIONS) + 1;
    const found = [...this.db.getRange({ ...range, limit })];
    const keys = found.slice(0, -1).flatMap(({ key }, index) => {
      const next = found[index + 1];
      const isSuccessor = next && versionOfKey(next.key) === versionOfKey(key) + 1;
      return isSuccessor ? [key, supersedingKey(bucket, next.key, next.value)] : [key];
    });
    return { keys, isMore: beyond > BLOCK_VERSIONS };
  }

  private async inBlocks(
    start: Buffer,
    end: Buffer,
    each: (record: Superseded) => void,
  ): Promise<boolean> {
    for (;;) {
      const block = this.superseded(start, end, BLOCK_RECORDS);
      if (block.length === 0) return true;
      await this.writes.commit(() => {
        for (const record of block) each(record);
      });
      if (block.length < BLOCK_RECORDS) return true;
      if (this.writes.isClosed()) return false;
    }
  }

  private superseded(start: Buffer, end: Buffer, limit: number): Superseded[] {
    const block = [...this.db.getRange({ start, end, limit })];
    return block.map(({ key, value }) => {
      const [name, version] = fieldsOf(key, value);
      return isText(name) && isCount(version)
        ? { key, name, version }
        : unreadable('what superseded a version');
    });
  }
}

function supersedingKey(bucket: string, key: Buffer, value: Buffer): Buffer {
  const [, , seq, modifiedMs] = fieldsOf(key, value);
  return isCount(seq) && typeof modifiedMs === 'number'
    ? supersededKey(bucket, modifiedMs, seq)
    : unreadable('a version');
}

function fieldsOf(key: Buffer, value: Buffer): readonly unknown[] {
  const fields = unseal(key, value);
  return Array.isArray(fields) ? (fields as unknown[]) : [];
}
