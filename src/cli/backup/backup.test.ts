import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListeningHttp } from '../../gateways/http-listener.js';
import { listen } from '../../gateways/native-http/server.js';
import { listenS3 } from '../../gateways/s3/s3-server.js';
import { restoreSite } from '../../site/backup/restore-site.js';
import type { FileService, WriteOutcome } from '../../site/file-service.js';
import { runSite } from '../../site/run-site.js';
import type { SiteConfig } from '../../site/site-config.js';
import { RunningSites } from '../../site/test-running-sites.js';
import type { BackupTarget } from './backup-target.js';
import { FolderTarget } from './folder-target.js';
import { backupNames, readManifest, TargetBackup } from './stored-backups.js';
import { S3Target } from './s3-target.js';
import { type Ran, tryCommand } from '../trial.js';

const LARGE = Buffer.alloc(3_000_000, 'large and larger ');

let folder: string;
let store: RunningSites;
let server: ListeningHttp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-backup-'));
  store = await RunningSites.start();
  const { service } = store.at('nyc');
  server = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0 });
  committed(await service.createBucket('docs'));
  await put(service, 'docs/a', 'first');
  await put(service, 'docs/a', 'second');
  await put(service, 'docs/large', LARGE);
  await put(service, 'docs/gone', 'x');
  committed(await service.remove('docs/gone'));
}, 60_000);

afterAll(async () => {
  await server.close(0);
  await store.close();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

function committed(outcome: WriteOutcome): void {
  if (outcome.outcome !== 'committed') throw new Error(JSON.stringify(outcome));
}

async function put(service: FileService, name: string, body: string | Buffer): Promise<void> {
  committed(await service.write(name, Readable.from([Buffer.from(body)])));
}

async function contentOf(service: FileService, name: string, version?: number): Promise<Buffer> {
  const opened = await service.open(name, version === undefined ? {} : { version });
  if (!opened.ok) throw new Error(opened.message);
  const pieces: Uint8Array[] = [];
  for await (const piece of opened.body()) pieces.push(piece);
  return Buffer.concat(pieces);
}

function quorate(...words: string[]): Promise<Ran> {
  return tryCommand(['backup', ...words], { folder });
}

const create = (target: string) => quorate('create', target, '--sites', `nyc=${server.url}`);

async function restored(target: BackupTarget, config: SiteConfig): Promise<void> {
  const name = (await backupNames(target)).at(-1) ?? '';
  const result = await restoreSite(
    config,
    new TargetBackup(target, await readManifest(target, name)),
  );
  if (!result.ok) throw new Error(result.message);
}

describe('a backup of a store that runs', () => {
  it('makes the store anew, with its history, and goes on from there', async () => {
    expect(await create('whole')).toMatchObject({ exit: 0 });
    const target = new FolderTarget(join(folder, 'whole'));
    const again = await RunningSites.start({ prepare: (config) => restored(target, config) });
    try {
      for (const name of ['nyc', 'lon']) {
        const { service } = again.at(name);
        expect((await contentOf(service, 'docs/a')).toString()).toBe('second');
        expect((await contentOf(service, 'docs/a', 1)).toString()).toBe('first');
        expect(LARGE.equals(await contentOf(service, 'docs/large'))).toBe(true);
        expect(await service.open('docs/gone')).toMatchObject({ ok: false });
      }
      const { service } = again.at('tor');
      const third = await service.write('docs/a', Readable.from([Buffer.from('third')]));
      expect(third).toMatchObject({ outcome: 'committed', file: { version: 3 } });
      const revived = await service.write('docs/gone', Readable.from([Buffer.from('y')]));
      expect(revived).toMatchObject({ outcome: 'committed', file: { version: 3 } });
      expect(await service.upkeep?.verify()).toMatchObject({ equal: true });
    } finally {
      await again.close();
    }
  }, 60_000);

  it('sends no chunk twice, and lists, checks and prunes what is there', async () => {
    const first = await create('several');
    expect(first.out).toMatch(/of which [1-9]\d* .* were new/);
    expect((await create('several')).out).toMatch(/of which 0 \(0 B\) were new/);
    expect((await quorate('list', 'several')).out.trim().split('\n')).toHaveLength(3);
    expect(await quorate('check', 'several')).toMatchObject({ exit: 0 });
    expect((await quorate('prune', 'several', '--keep', '1')).out).toMatch(
      /^1 backups and 0 chunks/,
    );
    expect(await quorate('check', 'several')).toMatchObject({ exit: 0 });
    expect((await quorate('list', 'several')).out.trim().split('\n')).toHaveLength(2);
  }, 60_000);

  it('names what is damaged or missing, and restores nothing from it', async () => {
    await create('broken');
    const target = new FolderTarget(join(folder, 'broken'));
    const paths: string[] = [];
    for await (const path of target.list('chunks/')) paths.push(path);
    const [chunk = '', other = ''] = paths;
    const bytes = await readFile(join(folder, 'broken', chunk));
    bytes[7] = (bytes[7] ?? 0) ^ 1;
    await writeFile(join(folder, 'broken', chunk), bytes);
    await rm(join(folder, 'broken', other));
    const { exit, out } = await quorate('check', 'broken');
    expect(exit).toBe(1);
    expect(out).toContain(`${chunk} in `);
    expect(out).toContain(`${other} is missing`);
    const refused = await quorate('restore', 'broken', '--data', join(folder, 'store'));
    expect(refused).toMatchObject({ exit: 1 });
    // Half a restore is not started on.
    const config = { ...siteConfig(), dataFolder: join(folder, 'store', 'nyc') };
    await expect(runSite(config, { report: () => undefined })).rejects.toThrow(/did not end/);
  }, 60_000);

  it('refuses a folder that is not empty, another target and wrong words', async () => {
    await create('kept');
    await quorate('restore', 'kept', '--data', join(folder, 'twice'));
    const twice = await quorate('restore', 'kept', '--data', join(folder, 'twice'));
    expect(twice).toMatchObject({ exit: 1 });
    expect(twice.err).toContain('is not empty');
    await mkdir(join(folder, 'nothing'));
    expect((await quorate('restore', 'nothing', '--data', 'x')).err).toContain(
      'there is no backup',
    );
    expect((await quorate('restore', 'kept', '1999', '--data', 'x')).err).toContain(
      'no backup 1999',
    );
    expect(await quorate('restore', 'kept')).toMatchObject({ exit: 2 });
    expect(await quorate('prune', 'kept', '--keep', '0')).toMatchObject({ exit: 2 });
    expect((await quorate('list', 's3://docs')).err).toContain('AWS_ACCESS_KEY_ID');
  }, 60_000);
});

describe('an S3 bucket as the target', () => {
  it('keeps, lists and removes objects as a folder does', async () => {
    const site = store.at('lon');
    const { objects } = site;
    if (objects === null) throw new Error('the site serves no objects');
    const s3 = await listenS3(objects, { site: 'lon', host: '127.0.0.1', port: 0 });
    const made = await objects.keys.create('backup', [{ buckets: '*', level: 'owner' }]);
    if (!made.ok) throw new Error(made.message);
    committed(await objects.createBucket('backups'));
    const target = new S3Target({
      endpoint: s3.url,
      region: 'us-east-1',
      credentials: { accessKeyId: made.key.id, secret: made.key.secret },
      bucket: 'backups',
      prefix: 'a b/',
    });
    try {
      for (const each of [target, new FolderTarget(join(folder, 'as-folder'))]) {
        expect(await each.get('chunks/ab/1')).toBeNull();
        await each.put('chunks/ab/1', Buffer.from('one'));
        await each.put('chunks/cd/2', Buffer.from('two'));
        await each.put('backups/x/manifest.json', Buffer.from('{}'));
        await each.put('chunks/ab/1', Buffer.from('one again'));
        expect(Buffer.from((await each.get('chunks/ab/1')) ?? []).toString()).toBe('one again');
        const found: string[] = [];
        for await (const path of each.list('chunks/')) found.push(path);
        expect(found.sort()).toEqual(['chunks/ab/1', 'chunks/cd/2']);
        await each.remove('chunks/ab/1');
        await each.remove('chunks/ab/1');
        expect(await each.get('chunks/ab/1')).toBeNull();
      }
    } finally {
      await s3.close(0);
    }
  }, 60_000);
});

function siteConfig(): SiteConfig {
  return {
    site: 'nyc',
    displayName: 'New York',
    dataFolder: '/',
    host: '127.0.0.1',
    httpPort: 1,
    peerPort: 1,
    coordinator: { url: 'http://127.0.0.1:1' },
    peers: [],
    cluster: { clusterId: 'c', sites: ['nyc'], replicas: 1, writeQuorum: 1, readQuorum: 1 },
    table: [{ pattern: { kind: 'default' }, shards: ['nyc'] }],
    homes: { nyc: 'nyc' },
    wan: {},
    fsync: true,
  };
}
