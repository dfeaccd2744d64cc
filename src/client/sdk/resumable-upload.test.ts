import { beforeEach, expect, it } from 'vitest';
import { Http } from './http.js';
import { Pauses } from './pauses.js';
import { ResumableUpload } from './resumable-upload.js';
import type { UploadResult } from './results.js';
import { ScriptedPlatform, ScriptedSite } from './test-platform.js';
import { sourceOf } from './upload-source.js';

const PART = 8 * 1024 * 1024;
const TIMEOUT_MS = 1000;

let platform: ScriptedPlatform;
/** How long the site takes for a part; null: for ever. */
let partsMs: Map<string, number>;

beforeEach(() => {
  partsMs = new Map();
  platform = new ScriptedPlatform([new ScriptedSite('lon', 2)]);
  platform.fetch = (url, { method, signal }) =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      const part = new URL(url).searchParams.get('part');
      const durationMs = part === null ? 0 : partsMs.get(part);
      if (durationMs === undefined) return;
      const answer = method === 'POST' ? { upload: 'a'.repeat(32) } : {};
      platform.setTimer(durationMs, () => resolve(Response.json(answer)));
    });
});

/** What it comes to, and after which time. */
async function upload(parts: number): Promise<{ result: UploadResult; tookMs: number }> {
  const sites = platform.sites.map(({ name, url }) => {
    return { name, url, roundTripMs: 1, avoidUntilMs: 0 };
  });
  const ports = {
    http: new Http(platform, () => sites, new Pauses(platform)),
    writes: { derive: () => Promise.reject(new Error('there is nothing to complete')) },
    clock: { untilMs: () => platform.monoMs() + TIMEOUT_MS },
    platform,
  };
  const size = parts * PART;
  const slice = (start: number, end: number) => new Uint8Array(end - start);
  const source = sourceOf({ size, slice }, undefined);
  const plan = { name: 'docs/large', source, options: {}, requestId: 'r', begun: null };
  const beganMs = platform.monoMs();
  let tookMs = 0;
  const running = new ResumableUpload(ports, { ...plan, partBytes: PART, partsAtOnce: 1 }).run();
  void running.then(() => {
    tookMs = platform.monoMs() - beganMs;
  });
  await platform.pass(600_000);
  return { result: await running, tookMs };
}

it('gives a part what its bytes take on a slow line, at two sites, and no more', async () => {
  const { result, tookMs } = await upload(2);
  expect(result).toMatchObject({ outcome: 'rejected', reason: 'timeout' });
  expect(result.resume).not.toBeNull();
  // 8 MiB at 128 KiB/s are 64 seconds.
  expect(tookMs).toBeGreaterThan(2 * 64_000);
  expect(tookMs).toBeLessThanOrEqual(2 * 64_000 + TIMEOUT_MS);
});

it('does not wait that long once a part has shown what the line carries', async () => {
  partsMs.set('1', 500);
  const { result, tookMs } = await upload(2);
  expect(result).toMatchObject({ outcome: 'rejected', reason: 'timeout' });
  expect(tookMs).toBeGreaterThan(500 + 2 * 4 * 500);
  expect(tookMs).toBeLessThanOrEqual(500 + 2 * 4 * 500 + TIMEOUT_MS);
});
