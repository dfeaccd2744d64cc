import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageError } from './exit-code.js';
import { type KeyOptions, keyFor } from './own-key.js';
import type { World } from './world.js';

let folder: string;
const own = 'admin.own';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'quorate-key-'));
  writeFileSync(join(folder, 'admin.key'), `${own}\n`);
  writeFileSync(join(folder, 'supervisor.json'), JSON.stringify({ pid: 1, basePort: 7400 }));
});
afterAll(() => rmSync(folder, { recursive: true }));

function found(options: KeyOptions, basePort = 7400): string | undefined {
  return keyFor({ folder } as World, { data: '.', ...options }, basePort);
}

it("is the administrator's of the data folder whose cluster runs at the port that is asked", () => {
  expect(found({})).toBe(own);
  expect(found({ data: folder })).toBe(own);
});

it('is shown to nobody else', () => {
  expect(found({}, 7500)).toBeUndefined();
  expect(found({ sites: 'x=http://example.org' })).toBeUndefined();
  expect(found({ data: 'elsewhere' })).toBeUndefined();
});

it('is the one that was said, if one was; what is no key is not repeated', () => {
  expect(found({ key: 'QKA.b', sites: 'x=http://example.org' })).toBe('QKA.b');
  expect(found({ key: '' })).toBe(own);
  expect(() => found({ key: 'QKA b5zqmh' })).toThrow(UsageError);
  expect(() => found({ key: 'QKA b5zqmh' })).toThrow(/^((?!b5zqmh).)*$/);
});
