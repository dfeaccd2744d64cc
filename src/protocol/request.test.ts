import { describe, expect, it } from 'vitest';
import type { FileVersion } from './file-version.js';
import { conditionsHold, type WriteConditions } from './request.js';

const HEAD: FileVersion = {
  name: 'b/f',
  version: 3,
  epoch: 1,
  seq: 7,
  deleted: false,
  content: { kind: 'inline', size: 0, etag: 'e3', bytes: new Uint8Array(0) },
  metadata: {},
  modifiedMs: 0,
};
const TOMBSTONE: FileVersion = { ...HEAD, version: 4, deleted: true, content: null };

describe('conditions of a write', () => {
  /** On no file, on a file with version 3 and etag e3, on a file deleted in version 4. */
  it.each<[WriteConditions, boolean, boolean, boolean]>([
    [{}, true, true, true],
    [{ ifVersion: 3 }, false, true, false],
    [{ ifVersion: 4 }, false, false, false],
    [{ ifVersion: 0 }, false, false, false],
    [{ ifAbsent: true }, true, false, true],
    [{ ifAbsent: false }, true, true, true],
    [{ ifMatch: ['e3'] }, false, true, false],
    [{ ifMatch: ['e2', 'e3'] }, false, true, false],
    [{ ifMatch: ['e2'] }, false, false, false],
    [{ ifMatch: ['*'] }, false, true, false],
    [{ ifMatch: [] }, false, false, false],
    [{ ifNoneMatch: ['e3'] }, true, false, true],
    [{ ifNoneMatch: ['e2'] }, true, true, true],
    [{ ifNoneMatch: ['*'] }, true, false, true],
    [{ ifHead: 0 }, true, false, false],
    [{ ifHead: 3 }, false, true, false],
    [{ ifHead: 4 }, false, false, true],
    [{ ifVersion: 3, ifMatch: ['e2'] }, false, false, false],
    [{ ifVersion: 3, ifMatch: ['e3'], ifNoneMatch: ['e2'] }, false, true, false],
  ])('%j', (conditions, onNothing, onFile, onTombstone) => {
    expect(conditionsHold(conditions, null)).toBe(onNothing);
    expect(conditionsHold(conditions, HEAD)).toBe(onFile);
    expect(conditionsHold(conditions, TOMBSTONE)).toBe(onTombstone);
  });

  it('take an etag that a gateway gave as well as that of the content', () => {
    const given = { ...HEAD, metadata: { etag: 'md5' } };
    for (const etag of ['e3', 'md5']) {
      expect(conditionsHold({ ifMatch: [etag] }, given)).toBe(true);
      expect(conditionsHold({ ifNoneMatch: ['e2', etag] }, given)).toBe(false);
    }
    expect(conditionsHold({ ifMatch: ['e2'] }, given)).toBe(false);
    expect(conditionsHold({ ifNoneMatch: ['e2'] }, given)).toBe(true);
  });
});
