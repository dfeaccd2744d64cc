import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ListeningHttp } from '../../gateways/http-listener.js';
import { listen } from '../../gateways/native-http/server.js';
import { eventually, RunningSites } from '../../site/test-running-sites.js';
import { connect } from './node.js';
import { committed } from './test-kit.js';

let sites: RunningSites;
let server: ListeningHttp;

beforeEach(async () => {
  sites = await RunningSites.start();
  server = await listen(sites.at('nyc').service, { site: 'nyc', host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await server.close(0);
  await sites.close();
});

/** Changes a byte of the text wherever a site's logs have it; fails where they do not. */
async function rot(site: string, text: string): Promise<void> {
  const folder = join(sites.dataFolder(site), 'log', 'nyc');
  let changed = 0;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const at = bytes.indexOf(text.slice(0, 100));
    if (at < 0) continue;
    bytes[at + 2_000] = (bytes[at + 2_000] ?? 0) ^ 1;
    await writeFile(path, bytes);
    changed += 1;
  }
  expect(changed).toBe(1);
}

const textOf = (name: string): string => `${name} `.repeat(2_000);

async function* body(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

/** Gives the seq of its entry. */
async function put(name: string): Promise<number> {
  const outcome = await sites.at('nyc').service.write(name, body(textOf(name)));
  if (outcome.outcome !== 'committed') throw new Error(JSON.stringify(outcome));
  return outcome.file.seq;
}

async function read(site: string, name: string): Promise<string> {
  const opened = await sites.at(site).service.open(name);
  if (!opened.ok) return opened.reason;
  const parts: Uint8Array[] = [];
  for await (const part of opened.body()) parts.push(part);
  return Buffer.concat(parts).toString();
}

const repairs = (site: string): number => sites.at(site).service.cluster().repairs;

/** Every view shows the entry, and the same; a damaged log stays so until its site starts again. */
async function areEqual(fromSeq = 0): Promise<boolean> {
  const { views = [] } = (await sites.at('nyc').service.upkeep?.verify()) ?? {};
  const ofFiles = views.filter(({ shard }) => shard === 'nyc');
  return (
    ofFiles.length === 2 &&
    ofFiles.every(({ position, differences }) => {
      return (position?.seq ?? -1) >= fromSeq && differences.length === 0;
    })
  );
}

/** Until the view of nyc shows what was written, and so reads come from where its content is. */
async function shown(): Promise<void> {
  const seq = await put('docs/last');
  // The others have to show it too: what they do not show yet cannot be had from them.
  await eventually('every view shows it', () => areEqual(seq));
  await rot('nyc', textOf('docs/last'));
  await eventually('the view of nyc shows it', async () => {
    expect(await read('nyc', 'docs/last')).toBe(textOf('docs/last'));
    return repairs('nyc') > 0;
  });
}

it('brings back what is damaged on one disk for whoever wants it', async () => {
  const { service } = sites.at('nyc');
  await service.createBucket('docs');
  for (const name of ['docs/a', 'docs/b', 'docs/c']) await put(name);
  await shown();
  const before = repairs('nyc');
  for (const name of ['docs/a', 'docs/b', 'docs/c']) await rot('nyc', textOf(name));
  const client = await connect({ sites: [{ site: 'nyc', url: server.url }] });
  try {
    const found = await client.read('docs/a');
    expect(found.outcome === 'found' && Buffer.from(found.file.bytes).toString()).toBe(
      textOf('docs/a'),
    );
    const local = await client.read('docs/a', { mode: 'local' });
    expect(local.outcome).toBe('found');
  } finally {
    client.close();
  }
  expect((await service.copy('docs/b', 'docs/copy')).outcome).toBe('committed');
  expect(await read('nyc', 'docs/copy')).toBe(textOf('docs/b'));
  expect(await read('nyc', 'docs/c')).toBe(textOf('docs/c'));
  expect(repairs('nyc')).toBeGreaterThanOrEqual(before + 3);
  const known = repairs('nyc');
  for (const name of ['docs/a', 'docs/b', 'docs/c']) {
    expect(await read('nyc', name)).toBe(textOf(name));
  }
  expect(repairs('nyc')).toBe(known);
  expect(await areEqual()).toBe(true);
});

it('says that content is lost where every disk has it damaged, and goes on', async () => {
  const { service } = sites.at('nyc');
  await service.createBucket('docs');
  await put('docs/a');
  await shown();
  const all = sites.names;
  for (const site of all) await rot(site, textOf('docs/a'));
  await expect(read('nyc', 'docs/a')).rejects.toThrow(/version 1 of docs\/a cannot be read/);
  expect(await service.copy('docs/a', 'docs/copy')).toMatchObject({
    outcome: 'rejected',
    reason: 'storage_failed',
    message: expect.stringMatching(/cannot be read.*; nothing was stored/),
  });
  const client = await connect({ sites: [{ site: 'nyc', url: server.url }] });
  try {
    expect((await client.read('docs/a')).outcome).not.toBe('found');
    expect(committed(await client.write('docs/a', 'again'))).toBe(2);
  } finally {
    client.close();
  }
  expect(await read('lon', 'docs/a')).toBe('again');
});

it('fills a site whose log was damaged while it was away', async () => {
  await sites.at('nyc').service.createBucket('docs');
  for (const name of ['docs/a', 'docs/b', 'docs/c']) await put(name);
  await eventually('lon has it all', async () => {
    return (await read('lon', 'docs/c')) === textOf('docs/c');
  });
  await sites.stop('lon');
  await rot('lon', textOf('docs/b'));
  await sites.run('lon');
  await eventually('lon is filled', () => areEqual());
  for (const name of ['docs/a', 'docs/b', 'docs/c']) {
    expect(await read('lon', name)).toBe(textOf(name));
  }
  expect(repairs('lon')).toBe(0);
});
