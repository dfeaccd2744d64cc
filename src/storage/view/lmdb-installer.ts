import type { Position } from '../../protocol/log-entry.js';
import type { StorageFailure } from '../../protocol/ports.js';
import { commitFailure } from './commit-failure.js';
import { comparableRecords, recordsIn } from './lmdb-snapshot.js';
import { sealPosition } from './position-record.js';
import { INSTALLING_KEY, POSITION_KEY } from './record-keys.js';
import { type ContentSource, seal } from './record-values.js';
import type { RecordDatabase } from './record-database.js';
import {
  decodeRawRecord,
  digestRecords,
  type KeyRange,
  type SnapshotInstaller,
} from './view-snapshot.js';

type Done = (failure: StorageFailure | null) => void;

export class LmdbSnapshotInstaller implements SnapshotInstaller {
  constructor(
    private readonly db: RecordDatabase,
    private readonly view: ContentSource & {
      began(): void;
      finished(position: Position): void;
      isClosed(): boolean;
    },
  ) {}

  begin(done: Done): void {
    this.view.began();
    const writes = () => void this.db.put(INSTALLING_KEY as Buffer, seal(INSTALLING_KEY, true));
    this.commit(writes, true, done);
  }

  digestOf(range: KeyRange): Uint8Array {
    return digestRecords([...comparableRecords(this.db, range, this.view)]);
  }

  replaceRange(range: KeyRange, records: readonly Uint8Array[], done: Done): void {
    const decoded = records.map((bytes) => decodeRawRecord(bytes, range));
    const intact = decoded.filter((record) => record !== undefined);
    if (intact.length < decoded.length) {
      const message = 'a record of the snapshot is damaged or outside its range';
      process.nextTick(done, { kind: 'damaged', message });
      return;
    }
    const writes = () => {
      const keep = new Set(intact.map(({ key }) => Buffer.from(key).toString('latin1')));
      for (const { key } of recordsIn(this.db, range)) {
        const own = Buffer.from(key);
        if (!keep.has(own.toString('latin1'))) void this.db.remove(own);
      }
      for (const { key, value } of intact) {
        void this.db.put(Buffer.from(key), Buffer.from(value));
      }
    };
    this.commit(writes, false, done);
  }

  finish(position: Position, done: Done): void {
    const writes = () => {
      void this.db.put(POSITION_KEY as Buffer, sealPosition(position));
      void this.db.remove(INSTALLING_KEY as Buffer);
    };
    this.commit(writes, true, (failure) => {
      if (!failure) this.view.finished(position);
      done(failure);
    });
  }

  private commit(writes: () => void, flushed: boolean, done: Done): void {
    void this.committed(writes, flushed).then((failure) => {
      if (!this.view.isClosed()) done(failure);
    });
  }

  private async committed(writes: () => void, flushed: boolean): Promise<StorageFailure | null> {
    try {
      await this.db.batch(writes);
      if (flushed) await this.db.flushed;
      return null;
    } catch (error) {
      return commitFailure(error, 'installing a snapshot');
    }
  }
}
