import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ListeningHttp } from '../http-listener.js';
import { MemoryFileService } from '../memory-file-service.js';
import { sendRaw } from './raw-exchange.js';
import { listen } from './server.js';

let folder: string;
let server: ListeningHttp;

const SCRIPT = 'console.log("quorate");'.repeat(100);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-console-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Quorate</title>');
  await writeFile(join(folder, 'assets', 'index-abc.js'), SCRIPT);
  await writeFile(join(folder, 'assets', 'index-abc.js.gz'), gzipSync(SCRIPT));
  server = await serve(folder);
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function serve(consoleFolder: string): Promise<ListeningHttp> {
  const service = new MemoryFileService();
  return listen(service, { site: 'nyc', host: '127.0.0.1', port: 0, consoleFolder });
}

function request(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
}

it('is a page at the root that nobody may frame and that runs nothing from elsewhere', async () => {
  const answer = await fetch(`${server.url}/`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(answer.headers.get('cache-control')).toBe('no-cache');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  const policy = answer.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect(await answer.text()).toContain('<title>Quorate</title>');
});

it('gives what has a hash in its name for good, and compressed to who takes it', async () => {
  const path = '/console/assets/index-abc.js';
  const plain = await sendRaw(server.port, request(path));
  expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(plain.headers.get('content-encoding')).toBe(undefined);
  const answer = await fetch(`${server.url}${path}`, { headers: { 'accept-encoding': 'gzip' } });
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(await answer.text()).toBe(SCRIPT);
  const refused = await fetch(`${server.url}${path}`, {
    headers: { 'accept-encoding': 'gzip;q=0' },
  });
  expect(refused.headers.get('content-encoding')).toBe(null);
});

it('gives nothing but what was built', async () => {
  const paths = ['../package.json', '..%2fpackage.json', 'assets', 'assets/index-abc.js.gz', '%00'];
  for (const path of paths) {
    const answer = await sendRaw(server.port, request(`/console/${path}`));
    expect(answer.status, path).toBe(404);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  }
});

it('changes nothing', async () => {
  const answer = await fetch(`${server.url}/`, { method: 'POST' });
  expect(answer.status).toBe(405);
  expect(answer.headers.get('allow')).toBe('GET, HEAD');
});

it('says what to do where it was not built', async () => {
  const other = await serve(join(folder, 'nothing'));
  const answer = await fetch(`${other.url}/`);
  expect(answer.status).toBe(404);
  expect(await answer.text()).toContain('npm run build:console');
  await other.close();
});
