import type { Transaction } from 'lmdb';
import { positionFrom } from './position-record.js';
import { FIRST_KEY, LAST_KEY, POSITION_KEY } from './record-keys.js';
import { unseal } from './record-values.js';
import type { RecordDatabase } from './record-database.js';
import {
  cutRange,
  type DigestedRange,
  digestRecords,
  encodeRawRecord,
  isLastRange,
  type KeyRange,
  type RawRecord,
  type ViewSnapshot,
} from './view-snapshot.js';

/** A snapshot is one read transaction: while it is open, pages it sees are not used again. */
export function takeSnapshot(db: RecordDatabase): ViewSnapshot {
  db.resetReadTxn();
  const transaction = db.useReadTransaction();
  const stored = db.get(POSITION_KEY as Buffer, { transaction });
  const position = positionFrom(stored && unseal(POSITION_KEY, stored));
  return {
    position,
    digests(after, limit) {
      const ranges: DigestedRange[] = [];
      let from = after ?? FIRST_KEY;
      while (ranges.length < limit) {
        const range = cutRange(from, recordsIn(db, { after: from, to: LAST_KEY }, transaction));
        ranges.push(range);
        if (isLastRange(range)) break;
        from = range.to;
      }
      return ranges;
    },
    records: (range) => [...recordsIn(db, range, transaction)].map(encodeRawRecord),
    digestOf: (range) => digestRecords([...recordsIn(db, range, transaction)]),
    close: () => transaction.done(),
  };
}

export function* recordsIn(
  db: RecordDatabase,
  range: KeyRange,
  transaction?: Transaction,
): Generator<RawRecord> {
  const zero = Buffer.alloc(1);
  const bounds = {
    start: Buffer.concat([range.after, zero]),
    end: Buffer.concat([range.to, zero]),
    ...(transaction ? { transaction } : {}),
  };
  for (const { key, value } of db.getRange(bounds)) yield { key, value };
}
