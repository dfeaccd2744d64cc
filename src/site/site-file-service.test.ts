import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileVersion } from '../protocol/file-version.js';
import type { FileService, OpenedFile, ReadFailure, WriteOutcome } from './file-service.js';
import { SITES, TestCluster, bodyOf } from './test-cluster.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await new TestCluster().ready();
  committed(await cluster.at('nyc').createBucket('docs'));
});

afterEach(() => cluster.stop());

function committed(outcome: WriteOutcome): FileVersion {
  if (outcome.outcome !== 'committed') throw new Error(JSON.stringify(outcome));
  return outcome.file;
}

function opened(file: OpenedFile | ReadFailure): OpenedFile {
  if (!file.ok) throw new Error(JSON.stringify(file));
  return file;
}

async function text(service: FileService, name: string, version?: number): Promise<string> {
  const file = opened(await service.open(name, version === undefined ? {} : { version }));
  const pieces: Uint8Array[] = [];
  for await (const piece of file.body()) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function put(site: string, name: string, body: string): Promise<FileVersion> {
  return committed(await cluster.at(site).write(name, bodyOf(body)));
}

describe('writing and reading', () => {
  it('reads at every site what was written at any site', async () => {
    for (const [index, site] of SITES.entries()) {
      const file = await put(site, 'docs/file1.txt', `from ${site}`);
      expect(file.version).toBe(index + 1);
      for (const reader of SITES) {
        expect(await text(cluster.at(reader), 'docs/file1.txt')).toBe(`from ${site}`);
      }
    }
  });

  it('says which site is the primary and how the answer was made', async () => {
    await put('lon', 'docs/file1.txt', 'x');
    const there = opened(await cluster.at('nyc').open('docs/file1.txt'));
    expect(there.served).toEqual({
      site: 'nyc',
      primary: 'nyc',
      freshness: 'primary',
      ageMs: null,
    });
    const here = opened(await cluster.at('lon').open('docs/file1.txt'));
    expect(here.served).toMatchObject({ site: 'lon', primary: 'nyc', freshness: 'validated' });
  });

  it('serves a file from here once it was read here, until somebody writes it', async () => {
    await put('lon', 'docs/file1.txt', 'x');
    const freshness = async (): Promise<string> =>
      opened(await cluster.at('lon').open('docs/file1.txt')).served.freshness;
    expect(await freshness()).toBe('validated');
    expect(await freshness()).toBe('lease');
    await put('nyc', 'docs/file1.txt', 'y');
    expect(await text(cluster.at('lon'), 'docs/file1.txt')).toBe('y');
    const validated = await cluster.at('lon').open('docs/file1.txt', { consistency: 'validate' });
    expect(opened(validated).served.freshness).toBe('validated');
  });

  it('serves local reads with their age', async () => {
    await put('nyc', 'docs/file1.txt', 'x');
    const primary = opened(
      await cluster.at('nyc').open('docs/file1.txt', { consistency: 'local' }),
    );
    expect(primary.served).toMatchObject({ freshness: 'local', ageMs: 0 });
    await cluster.settled();
    const replica = opened(
      await cluster.at('lon').open('docs/file1.txt', { consistency: 'local' }),
    );
    expect(replica.served.ageMs).toBeGreaterThanOrEqual(0);
    expect(replica.served.ageMs).toBeLessThan(1000);
  });

  it('gives ranges, large content and old versions', async () => {
    await put('tor', 'docs/big', 'a'.repeat(5000));
    await put('lon', 'docs/big', 'second');
    expect(await text(cluster.at('nyc'), 'docs/big')).toBe('second');
    expect(await text(cluster.at('nyc'), 'docs/big', 1)).toBe('a'.repeat(5000));
    const file = opened(await cluster.at('nyc').open('docs/big'));
    for await (const piece of file.body({ start: 1, end: 3 })) {
      expect(Buffer.from(piece).toString()).toBe('ec');
    }
    expect(await cluster.at('lon').open('docs/big', { version: 3 })).toMatchObject({
      ok: false,
      reason: 'no_such_version',
    });
  });

  it('keeps conditions in the order of the log and says what they were judged against', async () => {
    const first = await put('nyc', 'docs/a', '1');
    const lon = cluster.at('lon');
    expect(await lon.write('docs/a', bodyOf('2'), { ifAbsent: true })).toMatchObject({
      outcome: 'rejected',
      reason: 'precondition_failed',
      current: { version: 1 },
    });
    const outcomes = await Promise.all(
      SITES.map((site) => cluster.at(site).write('docs/a', bodyOf(site), { ifVersion: 1 })),
    );
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([
      'committed',
      'rejected',
      'rejected',
    ]);
    const etag = first.content?.etag ?? '';
    expect(await lon.write('docs/a', bodyOf('3'), { ifMatch: [etag] })).toMatchObject({
      reason: 'precondition_failed',
    });
  });

  it('gives a repeated request id its first outcome, at whichever site it comes', async () => {
    const options = { requestId: 'once', since: cluster.at('lon').position() };
    const first = committed(await cluster.at('lon').write('docs/a', bodyOf('1'), options));
    const again = committed(await cluster.at('tor').write('docs/a', bodyOf('1'), options));
    expect(again).toEqual(first);
    expect(await cluster.at('tor').write('docs/b', bodyOf('1'), options)).toBeDefined();
    expect((await cluster.at('nyc').history('docs/a')).ok).toBe(true);
  });

  it('deletes, and tells the tombstone', async () => {
    await put('nyc', 'docs/a', '1');
    const gone = committed(await cluster.at('lon').remove('docs/a'));
    expect(gone).toMatchObject({ version: 2, deleted: true });
    expect(await cluster.at('tor').open('docs/a')).toMatchObject({
      reason: 'no_such_file',
      tombstone: { version: 2 },
    });
    expect(await cluster.at('tor').remove('docs/a')).toMatchObject({ reason: 'no_such_file' });
    expect((await put('tor', 'docs/a', '3')).version).toBe(3);
    const history = await cluster.at('nyc').history('docs/a', { limit: 2 });
    expect(history).toMatchObject({ ok: true, next: 2 });
    expect(history.ok && history.versions.map(({ version }) => version)).toEqual([3, 2]);
  });

  it('refuses bad names, bodies, tokens and unknown buckets', async () => {
    const nyc = cluster.at('nyc');
    for (const name of ['docs', 'docs/', '.system/buckets/docs', 'docs/a\0', 'docs/\ud800']) {
      expect(await nyc.write(name, bodyOf('x'))).toMatchObject({ reason: 'invalid_name' });
    }
    expect(await nyc.write('docs/a', bodyOf('x'), { size: 2 })).toMatchObject({
      reason: 'body_incomplete',
    });
    for (const since of ['', 'v2.nyc:1', 'v1.nyc:-1', 'v1.nyc:1,nyc:2']) {
      const outcome = await nyc.write('docs/a', bodyOf('x'), { since });
      expect(outcome).toMatchObject({ reason: 'invalid_since' });
    }
    expect(await nyc.write('none/a', bodyOf('x'))).toMatchObject({ reason: 'no_such_bucket' });
    expect(await nyc.open('none/a')).toMatchObject({ reason: 'no_such_bucket' });
    expect(await nyc.open('docs/a')).toMatchObject({ reason: 'no_such_file' });
  });
});

describe('copying and moving', () => {
  it('copies across shards and restores an old version', async () => {
    await put('nyc', 'docs/nyc/a', 'one'.repeat(1000));
    await put('nyc', 'docs/nyc/a', 'two');
    const lon = cluster.at('lon');
    committed(await lon.copy('docs/nyc/a', 'docs/tor/b', { version: 1 }));
    expect(await text(cluster.at('tor'), 'docs/tor/b')).toBe('one'.repeat(1000));
    const restored = committed(await lon.copy('docs/nyc/a', 'docs/nyc/a', { version: 1 }));
    expect(restored.version).toBe(3);
    expect(await lon.copy('docs/nyc/none', 'docs/b')).toMatchObject({ reason: 'no_such_file' });
    expect(await lon.copy('docs/nyc/a', 'docs/b', { version: 9 })).toMatchObject({
      reason: 'no_such_version',
    });
  });

  it('moves once, however often it is asked', async () => {
    await put('nyc', 'docs/nyc/a', 'one');
    const options = { requestId: 'move-1' };
    const first = committed(await cluster.at('lon').move('docs/nyc/a', 'docs/tor/a', options));
    const again = committed(await cluster.at('tor').move('docs/nyc/a', 'docs/tor/a', options));
    expect(again).toEqual(first);
    expect(await cluster.at('nyc').open('docs/nyc/a')).toMatchObject({ reason: 'no_such_file' });
  });
});

describe('buckets and listings', () => {
  it('lists all shards in one order, pages included', async () => {
    const paths = [
      'nyc/1',
      'tor/1',
      'lon/1',
      'file1.txt',
      'file2.txt',
      'file3.txt',
      'ä',
      '𝒳',
      '\uffee',
    ];
    await Promise.all(paths.map((path) => put('lon', `docs/${path}`, path)));
    const sorted = [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const limit of [1, 2, 1000]) {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = await cluster
          .at('tor')
          .list({ bucket: 'docs', limit, ...(cursor !== '' && { cursor }) });
        if (!page.ok) throw new Error(page.message);
        seen.push(...page.files.map(({ name }) => name.slice(5)));
        cursor = page.next;
      }
      expect(seen).toEqual(sorted);
    }
  });

  it('asks nobody for a bucket that is listed again, until a file in it is written', async () => {
    await put('lon', 'docs/tor/1', 'x');
    const list = async (): Promise<string> => {
      const page = await cluster.at('lon').list({ bucket: 'docs' });
      if (!page.ok) throw new Error(page.message);
      return `${page.served.freshness} ${page.files.map(({ name }) => name).join(' ')}`;
    };
    expect(await list()).toBe('validated docs/tor/1');
    expect(await list()).toBe('validated docs/tor/1'); // and is lent the bucket
    expect(await list()).toBe('lease docs/tor/1');
    await put('nyc', 'docs/nyc/2', 'y');
    expect(await list()).toBe('validated docs/nyc/2 docs/tor/1');
    expect(await list()).toBe('lease docs/nyc/2 docs/tor/1');
    committed(await cluster.at('tor').remove('docs/tor/1'));
    expect(await list()).toBe('validated docs/nyc/2');
    const asked = await cluster.at('lon').list({ bucket: 'docs', consistency: 'validate' });
    expect(asked).toMatchObject({ served: { freshness: 'validated' } });
  });

  it('creates a bucket once and removes it only when it is empty', async () => {
    expect(await cluster.at('lon').createBucket('docs')).toMatchObject({ reason: 'bucket_exists' });
    await put('lon', 'docs/a', '1');
    expect(await cluster.at('tor').removeBucket('docs')).toMatchObject({
      reason: 'bucket_not_empty',
    });
    committed(await cluster.at('nyc').remove('docs/a'));
    committed(await cluster.at('tor').removeBucket('docs', { requestId: 'rb' }));
    committed(await cluster.at('tor').removeBucket('docs', { requestId: 'rb' }));
    expect(await cluster.at('nyc').listBuckets()).toMatchObject({ ok: true, buckets: [] });
    expect(await cluster.at('tor').removeBucket('docs')).toMatchObject({
      reason: 'no_such_bucket',
    });
  });
});

describe('rules', () => {
  it('moves names without files to another shard, and their writes after them', async () => {
    const changed = await cluster.at('lon').setPrimary('docs/new/*', 'tor');
    expect(changed).toMatchObject({ ok: true, table: { pending: null } });
    const file = await put('nyc', 'docs/new/a', 'x');
    await cluster.settled();
    expect(cluster.node('tor').drives.get('tor')?.versionAt(file)).toEqual(file);
    expect(await text(cluster.at('lon'), 'docs/new/a')).toBe('x');
    expect(cluster.at('tor').primaryOf('docs/new/a')).toMatchObject({
      shard: 'tor',
      primary: 'tor',
    });
  });

  it('refuses names that have files, and leaves them where they are', async () => {
    await put('nyc', 'docs/nyc/a', 'x');
    expect(await cluster.at('lon').setPrimary('docs/nyc/*', 'lon')).toMatchObject({
      ok: false,
      reason: 'names_have_files',
    });
    expect((await put('lon', 'docs/nyc/a', 'y')).version).toBe(2);
    expect(await cluster.at('lon').setPrimary('docs/x', 'par')).toMatchObject({
      reason: 'unknown_site',
    });
    expect(await cluster.at('lon').setPrimary('*', 'lon')).toMatchObject({
      reason: 'invalid_name',
    });
  });
});

it('finishes a change of rules that another site left half done', async () => {
  const impatient = await new TestCluster({ timeoutMs: 300 }).ready();
  committed(await impatient.at('nyc').createBucket('docs'));
  const { coordinator } = impatient;
  const pattern = { kind: 'exact', name: 'docs/nyc/a' } as const;
  const pending = { pattern, to: 'lon', state: 'leaving' } as const;
  const { initialRules } = impatient.node('nyc').config;
  await new Promise((resolve) =>
    coordinator.swap('table', 0, { version: 1, rules: initialRules, pending }, resolve),
  );
  const intent = { kind: 'move-out', pattern, tableVersion: 1, to: 'lon' } as const;
  const request = { requestId: 'move/1/nyc/out', since: null, intent, conditions: {} };
  const node = impatient.node('tor');
  await new Promise((resolve) => node.submit(() => 'nyc', request, node.nowMs() + 3000, resolve));
  const first = await impatient.at('tor').write('docs/nyc/a', bodyOf('x'));
  expect(first).toMatchObject({ outcome: 'rejected', reason: 'moving' });
  await new Promise<void>((resolve) => {
    node.until(node.nowMs() + 3000, () => node.table.value?.pending === null, resolve);
  });
  const file = committed(await impatient.at('tor').write('docs/nyc/a', bodyOf('x')));
  await impatient.settled();
  expect(impatient.node('nyc').drives.get('lon')?.versionAt(file)).toEqual(file);
  impatient.stop();
});

describe('losing sites', () => {
  it('goes on without the primary of a file', async () => {
    await put('lon', 'docs/file1.txt', 'before');
    cluster.kill('nyc');
    expect(await text(cluster.at('lon'), 'docs/file1.txt')).toBe('before');
    expect((await put('lon', 'docs/file1.txt', 'after')).version).toBe(2);
    expect(await text(cluster.at('tor'), 'docs/file1.txt')).toBe('after');
  });

  it('refuses writes and fresh reads at once without a quorum, and serves what it has', async () => {
    await put('lon', 'docs/file1.txt', 'before');
    await cluster.settled();
    cluster.kill('nyc');
    cluster.kill('tor');
    const lon = cluster.at('lon');
    expect(await lon.write('docs/file1.txt', bodyOf('x'))).toMatchObject({
      outcome: 'rejected',
      reason: 'quorum_unavailable',
      message: '1 of 3 sites can be reached from lon, a write needs 2; nothing was stored',
    });
    expect(await lon.open('docs/file1.txt')).toMatchObject({ reason: 'quorum_unavailable' });
    expect(await lon.list({ bucket: 'docs' })).toMatchObject({ reason: 'quorum_unavailable' });
    const local = await lon.open('docs/file1.txt', { consistency: 'local' });
    expect(local).toMatchObject({ ok: true, served: { freshness: 'local' } });
    expect(await lon.list({ bucket: 'docs', consistency: 'local' })).toMatchObject({ ok: true });
  });
});

it('takes no more requests at once than it may, serves on while it hands over, and then none', async () => {
  const small = await new TestCluster({ requestLimit: 1 }).ready();
  const nyc = small.at('nyc');
  const [first, second] = await Promise.all([nyc.listBuckets(), nyc.listBuckets()]);
  expect(first.ok).toBe(true);
  expect(second).toMatchObject({ ok: false, reason: 'overloaded' });
  await new Promise<void>((resolve) => small.node('nyc').handOver(2000, resolve));
  expect(await nyc.listBuckets()).toMatchObject({ ok: true });
  await small.sites.get('nyc')?.service.close(1000);
  expect(await nyc.listBuckets()).toMatchObject({ ok: false, reason: 'site_stopping' });
  small.stop();
});
