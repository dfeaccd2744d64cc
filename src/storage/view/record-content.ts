import type { ChunkedContent } from '../../protocol/file-version.js';
import { nameOfVersionKey, RecordKind } from './record-keys.js';
import {
  type ContentSource,
  fileVersionFrom,
  placeIn,
  seal,
  unseal,
  versionValue,
} from './record-values.js';
import type { RawRecord } from './view-snapshot.js';

/** The large content that an intact record names; null if it is no version that has one. */
export function chunkedContentOf({ key, value }: RawRecord): ChunkedContent | null {
  if (key[0] !== RecordKind.version) return null;
  const { content } = fileVersionFrom('', unseal(key, value));
  return content?.kind === 'chunked' ? content : null;
}

/**
 * The record with its content in it, as it travels: places mean nothing at another site. Throws
 * ViewRecordUnreadable where the record or its content is damaged.
 */
export function wholeRecord(record: RawRecord, source: ContentSource): RawRecord {
  const { key, value } = record;
  if (key[0] !== RecordKind.version) return record;
  const fields = unseal(key, value);
  if (!placeIn(fields)) return record;
  const file = fileVersionFrom(nameOfVersionKey(key), fields, source);
  return { key, value: seal(key, versionValue(file)) };
}
