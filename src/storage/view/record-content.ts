import type { ChunkedContent } from '../../protocol/file-version.js';
import { RecordKind } from './record-keys.js';
import { fileVersionFrom, unseal } from './record-values.js';
import type { RawRecord } from './view-snapshot.js';

/** The large content that an intact record names; null if it is no version that has one. */
export function chunkedContentOf({ key, value }: RawRecord): ChunkedContent | null {
  if (key[0] !== RecordKind.version) return null;
  const { content } = fileVersionFrom('', unseal(key, value));
  return content?.kind === 'chunked' ? content : null;
}
