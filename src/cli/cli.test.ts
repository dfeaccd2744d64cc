import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryFileService } from '../gateways/memory-file-service.js';
import type { ListeningHttp } from '../gateways/http-listener.js';
import { listen } from '../gateways/native-http/server.js';
import type { SiteChangeAnswer } from '../site/site-change-desk.js';
import { type Ran, tryCommand } from './trial.js';

let service: MemoryFileService;
let server: ListeningHttp;
let folder: string;

beforeEach(async () => {
  service = new MemoryFileService({ now: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
  await service.createBucket('docs');
  server = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0 });
  folder = await mkdtemp(join(tmpdir(), 'quorate-cli-'));
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function quorate(words: string, input = ''): Promise<Ran> {
  return tryCommand(words.split(' '), { input, folder });
}

/** A command that speaks to the store of this test. */
function store(words: string, input = '', sites = `nyc=${server.url}`): Promise<Ran> {
  return quorate(`${words} --sites ${sites}`, input);
}

describe('files', () => {
  it('go in and come out byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) & 0xff));
    await writeFile(join(folder, 'a.bin'), bytes);
    expect(await store('put a.bin docs/')).toMatchObject({ exit: 0 });
    expect(await store('get docs/a.bin b.bin')).toMatchObject({ exit: 0 });
    expect(Buffer.compare(await readFile(join(folder, 'b.bin')), bytes)).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(['a.bin', 'b.bin']);
  });

  it('come from standard input and go to standard output', async () => {
    expect((await store('put - docs/now.txt', 'hello')).exit).toBe(0);
    expect(await store('cat docs/now.txt')).toEqual({ exit: 0, out: 'hello', err: '' });
    const head = await service.open('docs/now.txt');
    expect(head.ok && head.file.metadata['content-type']).toBe('text/plain; charset=utf-8');
  });

  it('may be empty', async () => {
    await writeFile(join(folder, 'empty'), '');
    expect((await store('put empty docs/empty')).exit).toBe(0);
    expect(await store('cat docs/empty')).toEqual({ exit: 0, out: '', err: '' });
  });

  it('have versions that are listed, read and restored', async () => {
    for (const text of ['one', 'two']) await store('put - docs/a', text);
    await store('rm docs/a');
    const log = await store('log docs/a');
    expect(log.out).toMatch(/^v3 .*deleted[\s\S]*^v2 [\s\S]*^v1 /m);
    expect((await store('cat docs/a --version 1')).out).toBe('one');
    expect((await store('restore docs/a 2')).out).toContain('version 4');
    expect((await store('cat docs/a')).out).toBe('two');
  });

  it('are copied, moved, listed and described', async () => {
    await store('put - docs/dir/a', 'x');
    expect((await store('cp docs/dir/a docs/b')).exit).toBe(0);
    expect((await store('mv docs/b docs/other/')).exit).toBe(0);
    expect((await store('ls docs')).out).toMatch(/dir\/\n.*other\/\n/);
    expect((await store('ls -r docs')).out).toMatch(/dir\/a\n[\s\S]*other\/b\n/);
    const stat = await store('stat docs/dir/a --json');
    expect(JSON.parse(stat.out)).toMatchObject({ name: 'docs/dir/a', version: 1, size: 1 });
    const page = await store('ls docs --json');
    expect(
      page.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ prefix: 'dir/' }, { prefix: 'other/' }]);
  });

  it('by the folder go in and come out, and are removed', async () => {
    await mkdir(join(folder, 'in/sub'), { recursive: true });
    for (let index = 0; index < 50; index += 1) {
      await writeFile(join(folder, `in/sub/${index}.txt`), `file ${index}`);
    }
    await symlink('/etc/passwd', join(folder, 'in/link'));
    const put = await store('put -r in docs/tree');
    expect(put).toMatchObject({ exit: 0 });
    expect(put.out).toMatch(/^put 50 files, .*; 1 left out/);
    expect((await store('get -r docs/tree out')).exit).toBe(0);
    expect(await readFile(join(folder, 'out/sub/49.txt'), 'utf8')).toBe('file 49');
    expect((await store('rm -r docs/tree/')).out).toMatch(/^removed 50 files/);
    expect(await service.list({ bucket: 'docs' })).toMatchObject({ files: [] });
  });

  it('are never written outside of the target folder', async () => {
    const write = (path: string) =>
      service.write(`docs/${path}`, Readable.from([Buffer.from('evil')]));
    for (const path of [
      '../up',
      'a/../../up',
      '/rooted',
      './dot',
      'fine',
      'link/through',
      'fine/x',
    ]) {
      await write(path);
    }
    await mkdir(join(folder, 'out'));
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'out/link'));
    const got = await store('get -r docs out');
    expect(got.exit).toBe(1);
    expect(await readdir(join(folder, 'elsewhere'))).toEqual([]);
    expect((await readdir(folder)).sort()).toEqual(['elsewhere', 'out']);
    expect((await readdir(join(folder, 'out'))).sort()).toEqual(['fine', 'link']);
    expect(got.out).toMatch(/got 1 file, .*; 6 failed/);
  });
});

describe('outcomes as exit statuses', () => {
  it('a condition that does not hold is 5', async () => {
    await store('put - docs/a', 'x');
    expect(await store('put - docs/a --if-absent', 'y')).toMatchObject({ exit: 5 });
    expect(await store('put - docs/a --if-version 7', 'y')).toMatchObject({ exit: 5 });
    expect(await store('put - docs/a --if-version 1', 'y')).toMatchObject({ exit: 0 });
  });

  it('a rejection is 1 and says that nothing was changed', async () => {
    const ran = await store('put - nowhere/a', 'x');
    expect(ran).toMatchObject({ exit: 1, out: '' });
    expect(ran.err).toMatch(/rejected, nothing was changed: .*\[no_such_bucket\]/);
  });

  it('an unknown outcome is 3 and names the request id to repeat it with', async () => {
    service.write = async () => ({ outcome: 'unknown', reason: 'forgotten', message: 'too old' });
    const ran = await store('put - docs/a --request-id k1', 'x');
    expect(ran.exit).toBe(3);
    expect(ran.err).toContain('--request-id k1');
  });

  it('a lost quorum is 4 at once', async () => {
    service.write = async () => ({
      outcome: 'rejected',
      reason: 'quorum_unavailable',
      message: '1 of 3',
    });
    expect((await store('put - docs/a', 'x')).exit).toBe(4);
  });

  it('what is not there is 1, in words', async () => {
    for (const command of ['stat', 'cat', 'log', 'rm']) {
      const ran = await store(`${command} docs/none`);
      expect(ran).toMatchObject({ exit: 1, out: '' });
      expect(ran.err).toContain('no_such_file');
    }
  });

  it('no site at all is 4 and says how to start one', async () => {
    const ran = await store('ls', '', 'nyc=http://127.0.0.1:9');
    expect(ran.exit).toBe(4);
    expect(ran.err).toContain('quorate up');
  });

  it('a site that is down costs nothing when another one answers', async () => {
    const sites = `tor=http://127.0.0.1:9,nyc=${server.url}`;
    expect((await store('put - docs/a --near tor', 'x', sites)).exit).toBe(0);
    expect((await store('cat docs/a --near tor', '', sites)).out).toBe('x');
  });
});

describe('buckets and primaries', () => {
  it('buckets are made, listed and removed', async () => {
    expect((await store('mb photos')).exit).toBe(0);
    expect((await store('mb photos')).exit).toBe(1);
    expect((await store('buckets')).out).toMatch(/^docs .*\nphotos /);
    expect((await store('rb photos')).exit).toBe(0);
  });

  it('rules are listed, asked and set', async () => {
    expect((await store('primary list')).out).toContain('*/file1.txt');
    expect((await store('primary get docs/file2.txt')).out).toContain('home tor');
    const sites = `nyc=${server.url},lon=${server.url}`;
    expect((await store('primary set docs/new/* lon', '', sites)).exit).toBe(0);
    expect((await store('primary get docs/new/a')).out).toContain('home lon');
  });

  it('status shows sites and shards', async () => {
    const ran = await store('status', '', `nyc=${server.url},tor=http://127.0.0.1:9`);
    expect(ran.exit).toBe(4);
    expect(ran.out).toMatch(/tor .*DOWN/);
    expect(ran.out).toContain('1 of 2 sites up, 2 needed');
  });
});

describe('wrong arguments are 2', () => {
  it.each([
    ['fly', 'unknown command'],
    ['put one', "missing required argument 'name'"],
    ['cat docs/a --colour', "unknown option '--colour'"],
    ['cat docs', 'no name in the store'],
    ['cat DOCS/a', 'bucket name'],
    ['cat docs/a --near par', 'there is no site "par"; there are nyc, tor, lon'],
    ['cat docs/a --version first', 'no version'],
    ['ls --sites nyc', 'no site'],
    ['ls --base-port 80', 'no base port'],
    ['put missing.txt docs/', 'cannot be read'],
    ['restore docs/a', "missing required argument 'version'"],
    ['site', '--config'],
    ['site explode nyc', 'too many arguments'],
    ['site stop par', 'there is no site "par"'],
    ['site add Fra', 'names are 1 to 32'],
    ['site add fra --at 10.0.0.4', 'expected host:port,url'],
    ['site add fra=10.0.0.4 --dir nowhere', 'holds no cluster'],
    ['primary set docs/a par', 'there is no site "par"'],
    ['up --wan nyc-par=3', 'nyc-par'],
    ['put - docs/a --if-version x', '--if-version x'],
  ])('quorate %s', async (words, message) => {
    const ran = await quorate(words);
    expect(ran).toMatchObject({ exit: 2 });
    expect(ran.err).toContain(message);
  });

  it('site actions without a cluster say so', async () => {
    const ran = await quorate('site stop nyc --base-port 64000');
    expect(ran.exit).toBe(4);
    expect(ran.err).toContain('quorate up');
  });
});

describe('changes of sites', () => {
  const change = { kind: 'add', site: 'fra', state: 'preparing', writeQuorum: 3 } as const;
  const SITES = { version: 0, sites: ['nyc'], writeQuorum: 2, since: {}, addresses: [] };

  it('are brought to the cluster and followed to their end', async () => {
    const asked: unknown[] = [];
    const begun = (...what: readonly unknown[]): Promise<SiteChangeAnswer> => {
      asked.push(what);
      return Promise.resolve({ ok: true, sites: { ...SITES, change } });
    };
    service.siteChanges = { replace: begun, add: begun, remove: begun, giveUp: begun };
    // The cluster of this test has nyc, tor and lon, and never anything under way.
    const added = await store('site add tor --at 10.0.0.4:7419,https://10.0.0.4:7411 --city Oslo');
    expect(added).toMatchObject({ exit: 0 });
    expect(added.out).toContain('tor is one of 3 sites; a write needs 2.');
    const given = await store('site add fra --at 10.0.0.4:7419,https://10.0.0.4:7411');
    expect(given).toMatchObject({ exit: 1 });
    expect(given.out).toContain('fra was not added');
    expect((await store('site remove fra --rehome')).out).toContain('fra is removed: 3 sites');
    expect((await store('site cancel fra')).exit).toBe(0);
    const host = { host: '10.0.0.4', peerPort: 7419, httpUrl: 'https://10.0.0.4:7411' };
    expect(asked).toEqual([
      [{ site: 'tor', displayName: 'Oslo', ...host }],
      [{ site: 'fra', displayName: 'fra', ...host }],
      ['fra', true],
      ['fra'],
    ]);
  });

  it('that are refused say why', async () => {
    const message = 'W = 2 of N = 2';
    const refused = () => Promise.resolve({ ok: false, reason: 'too_few_sites', message } as const);
    service.siteChanges = { replace: refused, add: refused, remove: refused, giveUp: refused };
    const ran = await store('site remove fra');
    expect(ran).toMatchObject({ exit: 1 });
    expect(ran.err).toContain('W = 2 of N = 2');
  });
});

describe('help', () => {
  it('documents the exit statuses', async () => {
    const ran = await quorate('--help');
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain('3  unknown');
  });

  it.each(
    'up site put get cat ls stat share rm mv cp log restore mb rb buckets status primary bench demo'.split(
      ' ',
    ),
  )('of %s has examples', async (command) => {
    const ran = await quorate(`${command} --help`);
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(/Examples:\n {2}\$ quorate /);
  });
});
