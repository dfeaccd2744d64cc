import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { putEntries } from '../../storage/sample-entries.js';
import { openViewEnvironment, type ViewEnvironment } from '../../storage/view/view-environment.js';
import { ArchiveUnreadable, archiveOf, readArchive } from './shard-archive.js';

let folder: string;
let views: ViewEnvironment;
let archive: Buffer;
const lost = async (): Promise<'lost'> => 'lost';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-archive-'));
  views = await openViewEnvironment(folder);
  const view = views.shard('nyc');
  await new Promise((resolve) => view.apply(putEntries(1, 1, 3000), resolve));
  const pieces: Buffer[] = [];
  for await (const piece of archiveOf('nyc', () => view.snapshot(), lost)) pieces.push(piece);
  archive = Buffer.concat(pieces);
});

afterAll(async () => {
  await views.close();
  await rm(folder, { recursive: true, force: true });
});

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) {
    yield await Promise.resolve(bytes.subarray(at, at + length));
  }
}

async function recordsOf(bytes: Uint8Array, pieceBytes: number, shard = 'nyc'): Promise<number> {
  const { header, ranges } = await readArchive(inPieces(bytes, pieceBytes), shard);
  expect(header.position).toEqual({ epoch: 1, seq: 3000 });
  let records = 0;
  for await (const range of ranges) records += range.records.length;
  return records;
}

it('reads back what was archived, in whatever pieces it comes', async () => {
  const whole = await recordsOf(archive, archive.length);
  expect(whole).toBeGreaterThan(3000);
  for (const pieceBytes of [777, 4096, 100_000]) {
    expect(await recordsOf(archive, pieceBytes)).toBe(whole);
  }
});

it('refuses an archive with any byte changed, cut off anywhere, or with more behind it', async () => {
  const refused = async (bytes: Uint8Array): Promise<void> => {
    await expect(recordsOf(bytes, 65_536)).rejects.toThrow(ArchiveUnreadable);
  };
  await refused(Buffer.concat([archive, Buffer.from([0])]));
  const header = 100;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: header, max: archive.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const damaged = Buffer.from(archive);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        await refused(damaged);
        await refused(archive.subarray(0, at));
      },
    ),
    { numRuns: 30 },
  );
});

it('refuses another shard, another format and anything else by name', async () => {
  await expect(recordsOf(archive, 4096, 'tor')).rejects.toThrow(/it is that of nyc/);
  await expect(recordsOf(Buffer.from('something else'), 4096)).rejects.toThrow(/no archive/);
  await expect(recordsOf(Buffer.alloc(0), 4096)).rejects.toThrow(/no archive/);
});
