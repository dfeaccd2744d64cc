import { describe, expect, it } from 'vitest';
import type { LogEntry, Operation } from '../protocol/log-entry.js';
import { decodeEntry, encodeEntry, pack } from './entry-codec.js';

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
    ['a version that erases others', { ...put, erases: [2, 1] }],
    ['a restored one that erases others', { ...put, restored: 1, erases: [2] }],
    ['a delete', { kind: 'delete', name: 'b/f', version: 4 }],
    ['a delete with a mark', { kind: 'delete', name: 'b/f', version: 4, metadata: {} }],
    [
      'a delete that erases',
      { kind: 'delete', name: 'b/f', version: 4, metadata: { a: 'b' }, erases: [3] },
    ],
    ['a retain of one moment', { kind: 'retain', beforeMs: 7 }],
    [
      'a retain by rules',
      {
        kind: 'retain',
        beforeMs: 7,
        rules: [
          { bucket: 'docs', beforeMs: 0, versions: 3 },
          { bucket: '.system', beforeMs: 9, versions: null },
        ],
        countFromMs: 5,
      },
    ],
    [
      'a retain that counts everywhere',
      { kind: 'retain', beforeMs: 7, rules: [{ bucket: 'docs', beforeMs: 0, versions: 3 }] },
    ],
    ['a delete that only erases', { kind: 'delete', name: 'b/f', version: 4, erases: [3] }],
  ])('come back as they were: %s', (_what, operation) => {
    const entry: LogEntry = { epoch: 2, seq: 7, atMs: 5, requestId: 'r', operation };
    expect(decodeEntry(2, 7, Buffer.from(encodeEntry(entry)))).toEqual(entry);
  });

  it('of the first version are read, a retain as well', () => {
    const operation = { kind: 'retain', beforeMs: 7 };
    const bytes = pack([1, 5, '', 'retain', 7]);
    expect(decodeEntry(2, 7, bytes)).toEqual({
      epoch: 2,
      seq: 7,
      atMs: 5,
      requestId: '',
      operation,
    });
  });

  it.each([
    ['rules that are no list', [7, 'docs', null]],
    ['a rule that is no list', [7, ['docs'], null]],
    ['a rule without a bucket', [7, [[1, 2, 3]], null]],
    ['a rule of a part of a version', [7, [['docs', 2, 0.5]], null]],
    ['a start that is no moment', [7, [], 'now']],
    ['no moment', ['then']],
  ])('are refused when a retain has %s', (_what, fields) => {
    expect(decodeEntry(2, 7, pack([2, 5, '', 'retain', ...fields]))).toBeUndefined();
  });
});
