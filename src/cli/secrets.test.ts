import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestAuthority, writeCredentials } from '../certificates/test-certificates.js';
import { readCredentials } from '../certificates/credentials.js';
import { connect } from '../client/sdk/node.js';
import { PrivateSites } from '../gateways/native-http/access/test-access.js';
import { readSeal } from '../site/seal.js';
import { readSiteConfig, siteConfigText } from './site-config.js';
import { tryCommand } from './trial.js';
import { DEFAULT_WAN, planSites } from './up/cluster-plan.js';

/* However wrongly a secret is used: no message says it again. */

const SECRET = 'c0rrect-h0rse-battery-staple-and-more';
let folder: string;
let sites: PrivateSites;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-cli-secrets-'));
  sites = await PrivateSites.start();
});

afterAll(async () => {
  await sites.stop();
  await rm(folder, { recursive: true });
});

describe('a command that fails says no secret', () => {
  it.each([
    ['key list --key', SECRET],
    ['key list --key', `ABCDEFGHIJKLMNOP.${SECRET}`],
    ['key list --key', `admin.${SECRET}`],
    [`key list --kye=${SECRET}`, ''],
    [`--key=${SECRET} key list`, ''],
    ['key revoke', `ABCDEFGHIJKLMNOP.${SECRET}`],
    ['key allow', `ABCDEFGHIJKLMNOP.${SECRET} docs read`],
    ['share docs/a --password', SECRET],
    [`share docs/a --password=${SECRET}`, ''],
    [`share docs/a --pasword=${SECRET}`, ''],
    ['share --revoke', SECRET],
    ['ls --sites', `nyc=http://admin:${SECRET}@127.0.0.1:1`],
    ['ls --sites', `nyc=http://admin:${SECRET}@127.0.0.1:1/x`],
    ['ls --sites', `nyc=ftp://admin:${SECRET}@127.0.0.1:1`],
  ])('%s', async (words, last) => {
    const all = `${words} ${last}`.trim().split(' ');
    const given = all.includes('--sites') ? all : [...all, '--sites', `nyc=${sites.url()}`];
    const { exit, out, err } = await tryCommand(given, { folder });
    expect(exit).not.toBe(0);
    expect(err).not.toBe('');
    expect(out + err).not.toContain(SECRET);
  });
});

describe('a configuration with a fault', () => {
  const [nyc] = planSites({
    dataFolder: '/data',
    clusterId: 'c1',
    basePort: 7400,
    wan: DEFAULT_WAN,
    fsync: true,
  });
  const text = siteConfigText(nyc!);

  it.each([
    ['in the line of a secret', `admin_key_hash = ${SECRET}`],
    ['after a string that has no end', `admin_key_hash = "${SECRET}`],
    ['of a hash that is the secret itself', `admin_key_hash = "${SECRET}"`],
    ['of a key that is unknown', `admin_key = "${SECRET}"`],
    [
      'of a collector that is given a password',
      `telemetry = { otlp_endpoint = "http://a:${SECRET}@b" }`,
    ],
  ])('%s is told without it', (_what, line) => {
    const read = readSiteConfig(`${line}\n${text}`, 'nyc.toml');
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).not.toContain(SECRET);
    expect(JSON.stringify(read)).toContain('nyc.toml:1:');
  });

  it.each(['http', 'https'])('of a coordinator that is given a password by %s', (protocol) => {
    const changed = text.replace(/^url = .*$/m, `url = "${protocol}://a:${SECRET}@10.0.0.1:1"`);
    expect(changed).not.toBe(text);
    const read = readSiteConfig(changed, 'nyc.toml');
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).not.toContain(SECRET);
    const etcd = text.replace(/^url = .*$/m, `etcd.endpoints = ["${protocol}://a:${SECRET}@h:1"]`);
    const other = readSiteConfig(etcd, 'nyc.toml');
    expect(other.ok).toBe(false);
    expect(JSON.stringify(other)).not.toContain(SECRET);
  });
});

describe('a file with a secret that is broken', () => {
  it('is named, and nothing of it is said: private keys, seals', async () => {
    const files = await writeCredentials(folder, new TestAuthority('c').site('nyc'));
    const body = `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`;
    for (const [file, content] of [
      [files.keyFile, body],
      [files.keyFile, SECRET],
      [files.certFile, body],
    ] as const) {
      await writeFile(file, content);
      const read = await readCredentials(files);
      expect(read.ok ? '' : read.message).toContain(file);
      expect(JSON.stringify(read)).not.toContain(SECRET);
    }
    const seal = join(folder, 'seal.key');
    await writeFile(seal, SECRET);
    const told = await readSeal(seal);
    expect(told).toContain(seal);
    expect(told).not.toContain(SECRET);
  });
});

describe('the client', () => {
  const failureOf = async (use: () => unknown): Promise<string> => {
    try {
      await use();
    } catch (error) {
      const { stack, cause, ...rest } = error as Error;
      return `${String(error)} ${stack} ${String(cause)} ${JSON.stringify(rest)}`;
    }
    return '';
  };

  it('throws nothing that holds its key or a password', async () => {
    const key = await sites.key(['docs', 'read']);
    const [id = '', secret = ''] = key.split('.');
    const withKey = (shown: string, url = sites.url()) => connect({ sites: [url], key: shown });
    const failures = [
      await failureOf(() => withKey(secret)),
      await failureOf(() => withKey(`${id}.${secret}`, `htp://a:${SECRET}@h`)),
      await failureOf(() => withKey(`${id}.${secret}`, `http://a:${SECRET}@h:99999`)),
    ];
    for (const shown of [`${id}.${secret}x`, key]) {
      failures.push(
        await failureOf(async () => {
          const client = await withKey(shown);
          const told = await client.write('docs/a', 'x');
          client.close();
          throw new Error(JSON.stringify(told));
        }),
      );
    }
    expect(failures.every((text) => text !== '')).toBe(true);
    for (const text of failures) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(SECRET);
    }
  });
});
