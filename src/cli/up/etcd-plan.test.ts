import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claim, swap } from '../../coordinator/coordinator.conformance.js';
import { openEtcdCoordinator } from '../../coordinator/etcd/etcd-coordinator.js';
import { hasEtcd } from '../../coordinator/etcd/local-members.js';
import { coordinatorChange, type EtcdOnThisMachine, startEtcd } from './etcd-plan.js';

let folder: string;
let etcd: EtcdOnThisMachine | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-etcd-plan-'));
});

afterEach(async () => {
  await etcd?.stop();
  etcd = null;
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!hasEtcd())('an etcd for sites of one machine (left out without etcd)', () => {
  it('has members as far from each other as the sites, and keeps what it holds', async () => {
    const rttMs = 60;
    const apart = { rttMs, jitterMs: 0 };
    const wan = { 'nyc-tor': apart, 'nyc-lon': apart, 'tor-lon': apart };
    const options = { dataFolder: folder, basePort: 23_300, wan };
    etcd = await startEtcd(options);
    const nyc = etcd.coordinatorOf('nyc');
    if (!('etcd' in nyc)) throw new Error('no etcd');
    expect(nyc.etcd.endpoints).toHaveLength(3);
    const times = { deadlineMs: 20_000, tryMs: 10_000 };
    const write = async (revision: number): Promise<number> => {
      const opened = await openEtcdCoordinator(nyc.etcd, { times });
      if (!opened.ok) throw new Error(opened.message);
      const result = await swap(opened.coordinator, 'claim/nyc', revision, claim());
      opened.coordinator.close();
      if (result.outcome !== 'swapped') throw new Error(result.outcome);
      return result.revision;
    };
    const startMs = performance.now();
    const revision = await write(0);
    // A majority is never nearer than one round trip.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(rttMs - 1);
    await etcd.stop();
    etcd = await startEtcd({ ...options, wan: {} });
    expect(await write(revision)).toBeGreaterThan(revision);
  });
});

it('does not go over to another coordinator with a folder that was made with one', async () => {
  expect(await coordinatorChange(folder, 'etcd')).toBeNull();
  await mkdir(join(folder, 'coordinator'));
  await writeFile(join(folder, 'coordinator', 'state'), '');
  expect(await coordinatorChange(folder, 'embedded')).toBeNull();
  expect(await coordinatorChange(folder, 'etcd')).toContain('made with --coordinator embedded');
  await rm(join(folder, 'coordinator'), { recursive: true });
  await mkdir(join(folder, 'etcd'));
  expect(await coordinatorChange(folder, 'embedded')).toContain('made with --coordinator etcd');
});
