import type { UpkeepStatus } from '../../site/status-types.js';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Upkeep } from '../../site/upkeep.js';
import type { ListeningHttp } from '../http-listener.js';
import { NO_BACKUP } from '../../site/backup/no-backup.js';
import { MemoryFileService } from '../memory-file-service.js';
import { listen } from './server.js';

const STATUS: UpkeepStatus = {
  collected: { rounds: 1, chunks: 2, bytes: 3 },
  scrub: {
    running: false,
    passes: 0,
    chunks: 0,
    bytes: 0,
    records: 0,
    startedMs: null,
    endedMs: null,
    damaged: 0,
    missing: 0,
    repaired: 0,
    findings: [],
  },
};

class KeptService extends MemoryFileService {
  scrubs = 0;
  override upkeep: Upkeep | null = {
    status: () => STATUS,
    collect: () => Promise.resolve({ outcome: 'done', chunks: 4, bytes: 5 }),
    scrub: () => {
      this.scrubs += 1;
    },
    verify: () => Promise.resolve({ equal: true, views: [], chunks: [] }),
    backup: NO_BACKUP,
  };
}

let service: KeptService;
let server: ListeningHttp;
beforeEach(async () => {
  service = new KeptService();
  server = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

async function ask(method: string, path: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${server.url}${path}`, { method });
  return { status: answer.status, body: await answer.json() };
}

it('tells of what was collected and scrubbed, and begins a pass on demand', async () => {
  expect(await ask('GET', '/v1/upkeep')).toEqual({ status: 200, body: STATUS });
  expect(await ask('POST', '/v1/upkeep/scrub')).toEqual({ status: 202, body: STATUS });
  expect(service.scrubs).toBe(1);
});

it('collects and verifies on demand', async () => {
  const done = { outcome: 'done', chunks: 4, bytes: 5 };
  expect(await ask('POST', '/v1/upkeep/collect')).toEqual({ status: 200, body: done });
  const equal = { equal: true, views: [], chunks: [] };
  expect(await ask('GET', '/v1/verify')).toEqual({ status: 200, body: equal });
});

it('refuses other methods, queries and paths, and services without a disk', async () => {
  expect(await ask('GET', '/v1/upkeep/scrub')).toMatchObject({ status: 405 });
  expect(await ask('POST', '/v1/verify')).toMatchObject({ status: 405 });
  expect(await ask('GET', '/v1/upkeep?all=1')).toMatchObject({ status: 400 });
  expect(await ask('GET', '/v1/upkeep/nothing')).toMatchObject({ status: 404 });
  service.upkeep = null;
  expect(await ask('GET', '/v1/upkeep')).toMatchObject({ status: 404 });
});
