import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../transport/free-ports.js';
import { LocalMembers, hasEtcd } from './local-members.js';

describe.skipIf(!hasEtcd())('etcd on this machine (left out where it is not installed)', () => {
  let folder = '';
  let members: LocalMembers | null = null;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
  });

  afterEach(async () => {
    await members?.stop();
    members = null;
    await rm(folder, { recursive: true, force: true });
  });

  it('has a leader, another one when that is killed, and takes it back', async () => {
    members = await LocalMembers.start({ folder, heartbeatMs: 50, electionMs: 500 });
    const first = await members.leader();
    await first.kill();
    expect(first.pid).toBeNull();
    const second = await members.leader();
    expect(second.name).not.toBe(first.name);
    await members.launch();
    expect(await first.ask('/health')).toContain('true');
  });

  it('says what a member told that could not start', async () => {
    const [clientPort = 0, peerPort = 0] = await freePorts(2);
    const plan = { name: 'nyc', host: '127.0.0.1', clientPort, peerPort };
    const twice = [plan, { ...plan, name: 'tor' }];
    await expect(LocalMembers.start({ folder, members: twice })).rejects.toThrow(
      /(nyc|tor) has ended/,
    );
  });
});
