import { describe, expect, it } from 'vitest';
import type { LogEntry, Operation } from '../protocol/log-entry.js';
import { decodeEntry, encodeEntry } from './entry-codec.js';

const content = {
  kind: 'inline' as const,
  size: 2,
  etag: 'ab'.repeat(32),
  bytes: Uint8Array.from([1, 2]),
};
const put = { kind: 'put', name: 'b/f', version: 3, content, metadata: { a: 'b' } } as const;

describe('log entries on disk', () => {
  it.each<[string, Operation]>([
    ['a put', put],
    ['a version that was made the newest again', { ...put, restored: 1 }],
    ['a delete', { kind: 'delete', name: 'b/f', version: 4 }],
  ])('come back as they were: %s', (_what, operation) => {
    const entry: LogEntry = { epoch: 2, seq: 7, atMs: 5, requestId: 'r', operation };
    expect(decodeEntry(2, 7, Buffer.from(encodeEntry(entry)))).toEqual(entry);
  });
});
