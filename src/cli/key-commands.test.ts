import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListeningHttp } from '../gateways/http-listener.js';
import { listen } from '../gateways/native-http/server.js';
import { TestCluster } from '../site/test-cluster.js';
import { type Ran, tryCommand } from './trial.js';

let cluster: TestCluster;
let server: ListeningHttp;

beforeAll(async () => {
  cluster = await new TestCluster().ready();
  const objects = cluster.at('nyc');
  await objects.createBucket('docs');
  server = await listen(objects, { site: 'nyc', host: '127.0.0.1', port: 0, objects });
});

afterAll(async () => {
  await server.close();
  cluster.stop();
});

function quorate(words: string): Promise<Ran> {
  return tryCommand(`${words} --sites nyc=${server.url}`.split(' '));
}

async function newKey(words = ''): Promise<{ id: string; secret: string }> {
  const { out } = await quorate(`key create --json${words}`);
  return JSON.parse(out) as { id: string; secret: string };
}

describe('keys', () => {
  it('are better not said on the command line, and --help says so', async () => {
    expect((await tryCommand(['ls', '--help'])).out).toMatch(
      /--key <id\.secret>[^]*QUORATE_KEY\s+is/,
    );
  });

  it('are made with what S3 tools want to be told', async () => {
    const made = await quorate('key create --note laptop');
    expect(made.exit).toBe(0);
    const id = /^export AWS_ACCESS_KEY_ID=(QK[A-Z2-7]{18})$/m.exec(made.out)?.[1] ?? '';
    const secret = /^export AWS_SECRET_ACCESS_KEY=(\S+)$/m.exec(made.out)?.[1];
    expect(await cluster.at('lon').keys.find(id)).toMatchObject({
      key: { secret, note: 'laptop', rights: [{ buckets: '*', level: 'owner' }] },
    });
  });

  it('have the rights they were made with, the last one for a pattern', async () => {
    const words = ' --allow docs=read --allow tmp-*=owner --allow docs=write';
    const { id } = await newKey(words);
    expect((await quorate('key list')).out).toMatch(
      new RegExp(`^${id} .* tmp-\\*=owner docs=write$`, 'm'),
    );
  });

  it('are given rights, lose them, and are revoked', async () => {
    const { id } = await newKey(' --allow docs=read');
    expect((await quorate(`key allow ${id} docs write`)).out).toBe(`key ${id}: docs=write\n`);
    expect((await quorate(`key allow ${id} docs none`)).out).toBe(`key ${id}: none\n`);
    expect(await quorate(`key revoke ${id}`)).toMatchObject({ exit: 0 });
    expect((await quorate('key list')).out).not.toContain(id);
    const again = await quorate(`key revoke ${id}`);
    expect(again).toMatchObject({ exit: 1, out: '' });
    expect(again.err).toContain('no_such_key');
  });

  it('are printed for programs without their secrets', async () => {
    const { id, secret } = await newKey();
    const listed = await quorate('key list --json');
    const keys = JSON.parse(listed.out) as { id: string }[];
    expect(keys.map((key) => key.id)).toContain(id);
    expect(listed.out).not.toContain(secret);
  });
});

describe('a bucket', () => {
  it('shows its settings', async () => {
    const shown = await quorate('bucket docs');
    expect(shown.exit).toBe(0);
    expect(shown.out).toMatch(/^versioning {2,}off$/m);
    expect(shown.out).toMatch(/^replaced versions {2,}kept for 30 days, any number$/m);
  });

  it('takes new ones', async () => {
    const words =
      'bucket docs --versioning on --anonymous-read on --keep-days forever --keep-versions 5';
    const changed = await quorate(`${words} --json`);
    expect(JSON.parse(changed.out)).toMatchObject({
      versioning: 'enabled',
      anonymousRead: true,
      retention: { days: null, versions: 5 },
    });
    const back = await quorate('bucket docs --anonymous-read off --keep-versions all');
    expect(back.out).toMatch(/^anonymous read {2,}off$/m);
    expect(back.out).toMatch(/^replaced versions {2,}kept for ever, any number$/m);
    expect(back.out).toMatch(/^versioning {2,}on$/m);
  });

  it('lets pages of other origins use it, or none', async () => {
    const words = 'bucket docs --cors https://app.example=GET,PUT --cors https://*.test';
    const shown = await quorate(words);
    expect(shown.out).toMatch(
      /^pages of +https:\/\/app.example \(GET, PUT\), https:\/\/\*.test \(GET, HEAD\)$/m,
    );
    const none = await quorate('bucket docs --cors none');
    expect(none.out).toMatch(/^pages of +no other origin/m);
    expect(await quorate('bucket docs --cors https://app.example=PATCH')).toMatchObject({
      exit: 2,
    });
  });

  it('that is not there is 1', async () => {
    expect(await quorate('bucket nowhere')).toMatchObject({ exit: 1, out: '' });
  });
});

describe('wrong arguments are 2', () => {
  it.each([
    ['key create --allow docs', '--allow docs: write BUCKETS=read'],
    ['key create --allow docs=root', 'no level: there are read, write, owner'],
    ['key create --allow DOCS=read', 'none of: bucket'],
    ['key allow QKA docs read', 'no access key id: quorate key list'],
    ['key allow QKABCDEFGHIJKLMNOPQR docs', "missing required argument 'level'"],
    ['key revoke', "missing required argument 'id'"],
    ['bucket docs --versioning off', '--versioning off: say on or suspended'],
    ['bucket docs --anonymous-read yes', 'say on or off'],
    ['bucket docs --keep-days 0', 'at least one day'],
    ['bucket docs --keep-days long', 'or "forever"'],
    ['bucket docs --keep-versions -1', 'or "all"'],
    ['bucket docs --owner me', 'key list'],
    ['bucket DOCS', 'no bucket'],
  ])('quorate %s', async (words, message) => {
    const ran = await quorate(words);
    expect(ran).toMatchObject({ exit: 2 });
    expect(ran.err).toContain(message);
  });
});

it.each(['key', 'key create', 'key list', 'key revoke', 'key allow', 'bucket'])(
  'the help of %s has examples',
  async (command) => {
    const ran = await quorate(`${command} --help`);
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(/Examples:\n {2}\$ quorate /);
  },
);
