import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeCoordinator } from '../coordinator.conformance.js';
import { type EtcdCoordinator, openEtcdCoordinator } from './etcd-coordinator.js';
import { LocalMembers, hasEtcd } from './local-members.js';

const kit = { describe, it, expect, beforeEach, afterEach };

describe.skipIf(!hasEtcd())('etcd (left out where it is not installed)', () => {
  let folder = '';
  let members: LocalMembers;
  let clusters = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
    members = await LocalMembers.start({ folder, heartbeatMs: 50, electionMs: 500 });
  });

  afterAll(async () => {
    await members.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(prefix: string, first = 0): Promise<EtcdCoordinator> {
    const endpoints = [...members.endpoints.slice(first), ...members.endpoints.slice(0, first)];
    const times = { deadlineMs: 10_000 };
    const opened = await openEtcdCoordinator({ endpoints, prefix }, { times });
    if (!opened.ok) throw new Error(opened.message);
    return opened.coordinator;
  }

  describeCoordinator(kit, 'etcd', async () => {
    const prefix = `/cluster-${(clusters += 1)}/`;
    const first = await open(prefix);
    const second = await open(prefix, 1);
    return {
      first,
      second,
      close: () => {
        first.close();
        second.close();
        return Promise.resolve();
      },
    };
  });
});
