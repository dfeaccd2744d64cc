import { type DigestedRange, isLastRange, type KeyRange } from '../storage/view/view-snapshot.js';
import { recordLabel } from '../storage/view/record-keys.js';

/** A record that is not the same at both sites. */
export interface RecordDifference {
  /** The version, head or table row that it is. */
  readonly record: string;
  /** Which side has it; `both`: with different contents. */
  readonly at: 'here' | 'there' | 'both';
}

/** A snapshot of the view that another is compared with. */
export interface LocalSnapshot {
  digestOf(range: KeyRange): Uint8Array;
  records(range: KeyRange): Promise<readonly Uint8Array[]>;
}

/** A snapshot of another site's view, asked for step by step. Rejects when it does not answer. */
export interface RemoteSnapshot {
  digests(after: Uint8Array | null): Promise<readonly DigestedRange[]>;
  records(range: KeyRange): Promise<readonly Uint8Array[]>;
}

/**
 * Compares two views as of the same position by digests of their ranges, and names the records in
 * ranges that differ, up to `limit` of them.
 */
export async function compareViews(
  here: LocalSnapshot,
  there: RemoteSnapshot,
  limit: number,
): Promise<RecordDifference[]> {
  const differences: RecordDifference[] = [];
  for (let after: Uint8Array | null = null; ; ) {
    const ranges: readonly DigestedRange[] = await there.digests(after);
    for (const range of ranges) {
      if (Buffer.compare(here.digestOf(range), range.digest) === 0) continue;
      differences.push(...differencesIn(await here.records(range), await there.records(range)));
      if (differences.length >= limit) return differences.slice(0, limit);
    }
    const last = ranges.at(-1);
    if (last === undefined || isLastRange(last)) return differences;
    after = last.to;
  }
}

function differencesIn(
  here: readonly Uint8Array[],
  there: readonly Uint8Array[],
): RecordDifference[] {
  const ours = byKey(here);
  const theirs = byKey(there);
  const differences: RecordDifference[] = [];
  for (const [key, value] of ours) {
    const other = theirs.get(key);
    const record = recordLabel(Buffer.from(key, 'latin1'));
    if (other === undefined) differences.push({ record, at: 'here' });
    else if (Buffer.compare(value, other) !== 0) differences.push({ record, at: 'both' });
  }
  for (const key of theirs.keys()) {
    if (ours.has(key)) continue;
    differences.push({ record: recordLabel(Buffer.from(key, 'latin1')), at: 'there' });
  }
  return differences;
}

/** Records as they travel: the length of the key in two bytes, the key, the value. */
function byKey(records: readonly Uint8Array[]): Map<string, Uint8Array> {
  return new Map(
    records.map((record) => {
      const length = ((record[0] ?? 0) << 8) | (record[1] ?? 0);
      const key = Buffer.from(record.subarray(2, 2 + length)).toString('latin1');
      return [key, record];
    }),
  );
}
