import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { LogEntry } from '../../protocol/log-entry.js';
import { ContentUnreadable, type LostContent } from '../../protocol/lost-content.js';
import { pack, unpack } from '../entry-codec.js';
import { writeLog } from '../log/shard-log.conformance.js';
import { putEntry } from '../sample-entries.js';
import { call, copy, openStored, type StoredShard, tell } from './test-kit.js';
import { openViewEnvironment } from './view-environment.js';

let folder = '';
let open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-placed-'));
});
afterEach(async () => {
  for (const one of open) await one.close();
  open = [];
  await rm(folder, { recursive: true, force: true });
});

async function start(acceptDamage = false): Promise<StoredShard> {
  const shard = await openStored(folder, acceptDamage);
  open.push(shard);
  return shard;
}

async function stop(shard: StoredShard): Promise<void> {
  open = open.filter((one) => one !== shard);
  await shard.close();
}

async function inlineView(name: string) {
  const environment = await openViewEnvironment(join(folder, name));
  open.push(environment);
  return environment.shard('nyc');
}

const big = (seq: number, epoch = 1): LogEntry =>
  putEntry(epoch, seq, `b/${seq}`, 1, `${epoch}.${seq} `.repeat(700));
const bigs = (from: number, to: number): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, i) => big(from + i));

function textOf(shard: { readonly view: StoredShard['view'] }, name: string): string {
  const content = shard.view.version(name, 1)?.content;
  return content?.kind === 'inline' ? Buffer.from(content.bytes).toString() : '';
}

const logFiles = (): Promise<string[]> =>
  readdir(join(folder, 'log')).then((names) => names.sort());

function placed({ view }: StoredShard) {
  return view.placesFrom(null, 1_000).placed;
}

it('leaves content of a kibibyte and more where the log has it', async () => {
  const shard = await start();
  await shard.write([big(1), putEntry(1, 2, 'b/2', 1, 'small'), big(3)]);
  expect(placed(shard).map(({ name }) => name)).toEqual(['b/1', 'b/3']);
  expect(textOf(shard, 'b/3')).toBe('1.3 '.repeat(700));
  const head = shard.view.head('b/1')?.content;
  expect(head?.kind === 'inline' && head.bytes.length).toBe(2_800);
});

it('keeps segments that the log has done with, across restarts', async () => {
  const shard = await start();
  await shard.write(bigs(1, 40));
  shard.log.trim(30);
  await shard.write([big(41)]);
  expect(await logFiles()).toContain('0000000001.kept');
  expect(textOf(shard, 'b/1')).toBe('1.1 '.repeat(700));
  await stop(shard);
  const again = await start();
  expect(textOf(again, 'b/1')).toBe('1.1 '.repeat(700));
  expect(textOf(again, 'b/41')).toBe('1.41 '.repeat(700));
  expect(placed(again).length).toBe(41);
});

it('gives no segment the number of one that is kept', async () => {
  const shard = await start();
  await shard.write(bigs(1, 5));
  const state = { promisedEpoch: 1, promisedRun: 'r', joined: true, installing: false };
  const reset = (seq: number) =>
    call((done) => shard.log.reset({ epoch: 1, seq }, state, done)).then((failure) => {
      expect(failure).toBeNull();
    });
  await reset(5);
  expect(await logFiles()).toEqual(['0000000001.kept', '0000000002.log']);
  expect(textOf(shard, 'b/4')).toBe('1.4 '.repeat(700));
  await stop(shard);
  // As after damage that took the last segments from the log.
  await rm(join(folder, 'log', '0000000002.log'));
  const again = await start();
  expect(await logFiles()).toEqual(['0000000001.kept', '0000000002.log']);
  expect(textOf(again, 'b/4')).toBe('1.4 '.repeat(700));
});

it('rolls forward entries at their places after a crash of the view', async () => {
  const shard = await start();
  await shard.write(bigs(1, 3));
  expect(await writeLog(shard.log, { entries: bigs(4, 6) })).toBeNull();
  await stop(shard);
  const again = await start();
  expect(placed(again).map(({ name }) => name)).toEqual(['b/1', 'b/2', 'b/3', 'b/4', 'b/5', 'b/6']);
  expect(textOf(again, 'b/6')).toBe('1.6 '.repeat(700));
});

it('has the content itself where the log has another entry, or none yet', async () => {
  const shard = await start();
  // The disk still holds an entry that a newer epoch replaced, and not yet the one that did.
  expect(await writeLog(shard.log, { entries: [big(1, 1), big(2, 1)] })).toBeNull();
  expect(await call((done) => shard.view.apply([big(1, 2), big(2, 2)], done))).toBeNull();
  expect(await call((done) => shard.view.apply([big(3, 2)], done))).toBeNull();
  expect(placed(shard)).toEqual([]);
  expect(textOf(shard, 'b/2')).toBe('2.2 '.repeat(700));
  expect(textOf(shard, 'b/3')).toBe('2.3 '.repeat(700));
});

it('takes the places of entries written again after a cut', async () => {
  const shard = await start();
  expect(await writeLog(shard.log, { entries: bigs(1, 4) })).toBeNull();
  const again = [big(3, 2), big(4, 2)];
  expect(await writeLog(shard.log, { cutFrom: 3, entries: again })).toBeNull();
  expect(await call((done) => shard.view.apply([...bigs(1, 2), ...again], done))).toBeNull();
  expect(placed(shard).length).toBe(4);
  expect(textOf(shard, 'b/4')).toBe('2.4 '.repeat(700));
});

it('is equal to a view that has all content itself, and fills one', async () => {
  const shard = await start();
  const entries = [...bigs(1, 50), putEntry(1, 51, 'b/1', 2, 'small')];
  await shard.write(entries);
  const inline = await inlineView('inline');
  await call((done) => inline.apply(entries, done));
  expect(await copy(shard.view, inline)).toBe(0);
  expect(await copy(inline, shard.view)).toBe(0);
  const empty = await inlineView('empty');
  expect(await copy(shard.view, empty)).toBeGreaterThan(50);
  const names = ['b/1', 'b/2', 'b/50'];
  expect(tell(empty, names)).toEqual(tell(shard.view, names));
  expect(empty.placesFrom(null, 100).placed).toEqual([]);
});

it('finds what is damaged in a segment, differs from others there, and takes a good copy', async () => {
  const shard = await start();
  await shard.write(bigs(1, 5));
  const inline = await inlineView('inline');
  await call((done) => inline.apply(bigs(1, 5), done));
  const place = placed(shard).find(({ name }) => name === 'b/3')?.place;
  const path = join(folder, 'log', '0000000001.log');
  const bytes = await readFile(path);
  const at = (place?.offset ?? 0) + 1_000;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path, bytes);

  const lost: LostContent[] = [];
  shard.view.onLost((content) => lost.push(content));
  expect(() => textOf(shard, 'b/3')).toThrow(ContentUnreadable);
  expect(lost).toMatchObject([{ name: 'b/3', version: 1 }]);
  // On the way to another site it has no bytes, which that site can tell from its size.
  for (const file of [shard.view.head('b/3'), shard.view.version('b/3', 1)]) {
    expect(unpack(pack(file))).toMatchObject({ content: { size: 2_800, bytes: Buffer.alloc(0) } });
  }
  expect(textOf(shard, 'b/2')).toBe('1.2 '.repeat(700));
  const snapshot = shard.view.snapshot();
  const [range] = snapshot.digests(null, 1);
  if (!range) throw new Error('a snapshot has a range');
  expect(() => snapshot.records(range)).toThrow(ContentUnreadable);
  snapshot.close();

  const wrong = new TextEncoder().encode('1.9 '.repeat(700));
  expect(await shard.view.hold([{ name: 'b/3', version: 1, bytes: wrong }])).toBe(true);
  expect(() => textOf(shard, 'b/3')).toThrow(ContentUnreadable);
  expect(await copy(inline, shard.view)).toBeGreaterThan(0);
  expect(textOf(shard, 'b/3')).toBe('1.3 '.repeat(700));
  expect(await copy(inline, shard.view)).toBe(0);
});

it('moves content into the view, also under whoever has it in hand, but not what is gone', async () => {
  const shard = await start();
  await shard.write(bigs(1, 3));
  const inHand = shard.view.version('b/2', 1)?.content;
  const bytes = new TextEncoder().encode('1.2 '.repeat(700));
  const gone = { name: 'b/9', version: 1, bytes };
  expect(await shard.view.hold([{ name: 'b/2', version: 1, bytes }, gone])).toBe(true);
  expect(placed(shard).map(({ name }) => name)).toEqual(['b/1', 'b/3']);
  expect(shard.view.version('b/9', 1)).toBeUndefined();
  await rm(join(folder, 'log', '0000000001.log'));
  expect(inHand?.kind === 'inline' && Buffer.from(inHand.bytes).toString()).toBe(
    '1.2 '.repeat(700),
  );
  expect(textOf(shard, 'b/2')).toBe('1.2 '.repeat(700));
});

it('does nothing once it is closed, and says so', async () => {
  const shard = await start();
  await shard.write(bigs(1, 2));
  await stop(shard);
  expect(await shard.view.applied()).toBe(false);
  expect(await shard.view.hold([])).toBe(false);
});
