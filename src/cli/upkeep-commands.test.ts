import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ListeningHttp } from '../gateways/http-listener.js';
import { NO_BACKUP } from '../site/backup/no-backup.js';
import { MemoryFileService } from '../gateways/memory-file-service.js';
import { listen } from '../gateways/native-http/server.js';
import type { Verification } from '../site/site-verifier.js';
import type { ScrubStatus } from '../site/status-types.js';
import { type Ran, tryCommand } from './trial.js';

const SAME: Verification = {
  equal: true,
  views: [
    { shard: 'nyc', site: 'tor', position: { epoch: 1, seq: 9 }, reason: '', differences: [] },
  ],
  chunks: [{ shard: 'nyc', site: 'tor', references: 4, lacking: [] }],
};

let service: MemoryFileService;
let server: ListeningHttp;
let findings: string[];
let verification: Verification;

beforeEach(async () => {
  findings = [];
  verification = SAME;
  let passes = 0;
  service = new MemoryFileService();
  service.upkeep = {
    status: () => ({ collected: { rounds: 0, chunks: 0, bytes: 0 }, scrub: scrub(passes) }),
    collect: () => Promise.resolve({ outcome: 'done', chunks: 0, bytes: 0 }),
    scrub: () => void setImmediate(() => (passes += 1)),
    verify: () => Promise.resolve(verification),
    backup: NO_BACKUP,
  };
  const inner = service.cluster.bind(service);
  service.cluster = () => ({ ...inner(), upkeep: service.upkeep!.status() });
  server = await listen(service, { site: 'nyc', host: '127.0.0.1', port: 0 });
});
afterEach(() => server.close());

function scrub(passes: number): ScrubStatus {
  const counts = { chunks: 1204, bytes: 5_000_000, records: 77, damaged: 2, missing: 0 };
  const times = { startedMs: 0, endedMs: 1000 };
  return { running: false, passes, ...counts, ...times, repaired: 1, findings };
}

function quorate(words: string): Promise<Ran> {
  return tryCommand(`${words} --sites nyc=${server.url}`.split(' '));
}

it('scrub runs a pass at each site and tells what it found', async () => {
  const good = await quorate('scrub');
  expect(good.exit).toBe(0);
  expect(good.out).toMatch(/nyc\s+1,204\s+4\.8 MiB, 4\.8 MiB\/s\s+77\s+2\s+0\s+1/);
  findings = ['chunk abc failed its hash, and no site that can be reached has a good copy'];
  const bad = await quorate('scrub nyc');
  expect(bad.exit).toBe(1);
  expect(bad.out).toContain('nyc: chunk abc failed its hash');
  expect(await quorate('scrub paris')).toMatchObject({ exit: 2 });
});

it('verify says that the divergence is zero, or names it', async () => {
  const same = await quorate('verify');
  expect(same).toMatchObject({ exit: 0 });
  expect(same.out).toContain('divergence 0');
  verification = {
    equal: false,
    views: [{ ...SAME.views[0]!, differences: [{ record: 'version 2 of docs/a', at: 'there' }] }],
    chunks: [{ ...SAME.chunks[0]!, lacking: ['version 1 of docs/b'] }],
  };
  const different = await quorate('verify');
  expect(different.exit).toBe(1);
  expect(different.out).toContain('nyc: version 2 of docs/a: only at tor');
  expect(different.out).toContain('nyc: version 1 of docs/b: chunks lacking at tor');
  expect(JSON.parse((await quorate('verify --json')).out)).toMatchObject({ equal: false });
});

it('status tells what was collected and what cannot be repaired', async () => {
  findings = ['chunk abc is missing'];
  const { upkeep } = service;
  const collected = { rounds: 1, chunks: 3, bytes: 2048 };
  service.upkeep = { ...upkeep!, status: () => ({ collected, scrub: scrub(0) }) };
  const { out } = await quorate('status');
  expect(out).toContain('nyc collected 3 chunks (2.0 KiB) no file needs.');
  expect(out).toContain('nyc: chunk abc is missing.');
});
