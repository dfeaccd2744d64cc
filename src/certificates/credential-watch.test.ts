import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CredentialWatch } from './credential-watch.js';
import type { CredentialPaths, Credentials } from './credentials.js';
import { TestAuthority } from './test-certificates.js';

const cluster = new TestAuthority('c');
let folder: string;
let paths: CredentialPaths & { caFile: string };
let reports: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-certificates-'));
  const at = (name: string): string => join(folder, name);
  paths = { caFile: at('ca.pem'), certFile: at('site.pem'), keyFile: at('site.key') };
  reports = [];
});

afterEach(() => rm(folder, { recursive: true }));

async function put({ ca, cert, key }: Credentials): Promise<void> {
  await writeFile(paths.caFile, ca ?? '');
  await writeFile(paths.certFile, cert);
  await writeFile(paths.keyFile, key);
}

async function opened(): Promise<CredentialWatch> {
  const report = (message: string): unknown => reports.push(message);
  // Looked at only when asked to.
  const start = await CredentialWatch.open(paths, { report, intervalMs: 2 ** 31 - 1 });
  if (!start.ok) throw new Error(start.message);
  return start.watch;
}

it('files that are replaced are used, and whoever listens is told once', async () => {
  const old = cluster.site('nyc');
  await put(old);
  const watch = await opened();
  expect(watch.current).toEqual(old);
  let told = 0;
  watch.onChange(() => (told += 1));
  await watch.look();
  expect(told).toBe(0);
  const renewed = cluster.site('nyc');
  await put(renewed);
  await watch.look();
  await watch.look();
  expect(watch.current).toEqual(renewed);
  expect(told).toBe(1);
  expect(reports).toEqual([expect.stringContaining('was replaced')]);
});

it('a certificate whose key has not come yet changes nothing, and is told only if it stays', async () => {
  const old = cluster.site('nyc');
  await put(old);
  const watch = await opened();
  const renewed = cluster.site('nyc');
  await writeFile(paths.certFile, renewed.cert);
  await watch.look();
  expect(reports).toEqual([]);
  await watch.look();
  await watch.look();
  expect(watch.current).toEqual(old);
  expect(reports).toEqual([expect.stringContaining('does not belong to the certificate')]);
  await writeFile(paths.keyFile, renewed.key);
  await watch.look();
  expect(watch.current).toEqual(renewed);
});

it('the files are looked at by themselves', async () => {
  await put(cluster.site('nyc'));
  const start = await CredentialWatch.open(paths, { report: () => undefined, intervalMs: 5 });
  if (!start.ok) throw new Error(start.message);
  const { watch } = start;
  const changed = new Promise<void>((resolve) => watch.onChange(resolve));
  const renewed = cluster.site('nyc');
  await put(renewed);
  await changed;
  expect(watch.current.cert).toBe(renewed.cert);
  watch.close();
});

it.each([
  ['is missing', () => rm(paths.keyFile), 'cannot be read'],
  ['is no certificate', () => writeFile(paths.certFile, 'x'), 'site.pem holds no certificate'],
  ['is no key', () => writeFile(paths.keyFile, 'x'), 'site.key holds no private key'],
  ['is no authority', () => writeFile(paths.caFile, 'x'), 'ca.pem holds no certificate'],
])('a file that %s is refused by name', async (_name, spoil, reason) => {
  await put(cluster.site('nyc'));
  await spoil();
  const start = await CredentialWatch.open(paths, { report: () => undefined });
  expect(start.ok ? '' : start.message).toContain(reason);
});
