import type { Transaction } from 'lmdb';
import { ContentUnreadable } from '../../protocol/lost-content.js';
import { positionFrom } from './position-record.js';
import { FIRST_KEY, LAST_KEY, POSITION_KEY } from './record-keys.js';
import { wholeRecord } from './record-content.js';
import { type ContentSource, unseal, ViewRecordUnreadable } from './record-values.js';
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
export function takeSnapshot(
  db: RecordDatabase,
  content: ContentSource,
  closed: () => void,
): ViewSnapshot {
  db.resetReadTxn();
  const transaction = db.useReadTransaction();
  const stored = db.get(POSITION_KEY as Buffer, { transaction });
  const position = positionFrom(stored && unseal(POSITION_KEY, stored));
  const digested = (range: KeyRange) => comparableRecords(db, range, content, transaction);
  return {
    position,
    digests(after, limit) {
      const ranges: DigestedRange[] = [];
      let from = after ?? FIRST_KEY;
      while (ranges.length < limit) {
        const range = cutRange(from, digested({ after: from, to: LAST_KEY }));
        ranges.push(range);
        if (isLastRange(range)) break;
        from = range.to;
      }
      return ranges;
    },
    records: (range) =>
      Array.from(recordsIn(db, range, transaction), (record) =>
        encodeRawRecord(wholeRecord(record, content)),
      ),
    digestOf: (range) => digestRecords([...digested(range)]),
    close: () => {
      transaction.done();
      closed();
    },
  };
}

/**
 * Records as they are compared: whole, wherever this site has their content. One whose content cannot
 * be read is equal to no other.
 */
export function* comparableRecords(
  db: RecordDatabase,
  range: KeyRange,
  content: ContentSource,
  transaction?: Transaction,
): Generator<RawRecord> {
  for (const record of recordsIn(db, range, transaction)) {
    try {
      yield wholeRecord(record, content);
    } catch (error) {
      const isKnown = error instanceof ViewRecordUnreadable || error instanceof ContentUnreadable;
      if (!isKnown) throw error;
      yield record;
    }
  }
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
