import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TestAuthority } from '../../certificates/test-certificates.js';
import type { ClaimRecord, Coordinator } from '../../protocol/ports.js';
import { CLEAR } from '../../transport/fault-proxy/condition.js';
import { Way } from '../../transport/fault-proxy/way.js';
import { claim, read, seen, swap } from '../coordinator.conformance.js';
import type { EtcdTls } from './etcd-config.js';
import { type EtcdCoordinator, openEtcdCoordinator } from './etcd-coordinator.js';
import { LocalMembers, hasEtcd } from './local-members.js';
import type { EtcdTimes } from './member-pool.js';

const QUICK: Partial<EtcdTimes> = {
  deadlineMs: 1000,
  tryMs: 300,
  checkEveryMs: 200,
  avoidMs: 1000,
};
const GIVE_UP_MS = 30_000;
const CUT = { ...CLEAR, cut: 'held' } as const;

/** Swaps again and again, as a primary that renews its claim; every answer is kept. */
class Renewing {
  readonly outcomes: string[] = [];
  private renewal = 0;
  private revision = 0;
  private ended = false;
  private readonly loop: Promise<void>;

  constructor(
    private readonly coordinator: Coordinator,
    private readonly key: `claim/${string}`,
  ) {
    this.loop = this.run();
  }

  /** Resolves when a swap that began from now on was told as done. */
  async succeeds(): Promise<void> {
    const from = this.renewal + 1;
    const untilMs = performance.now() + GIVE_UP_MS;
    while (!this.outcomes.slice(from).includes('swapped')) {
      if (performance.now() > untilMs) throw new Error(`in vain: ${this.outcomes.join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async end(): Promise<number> {
    this.ended = true;
    await this.loop;
    return this.renewal;
  }

  private async run(): Promise<void> {
    while (!this.ended) {
      const value = claim({ renewal: (this.renewal += 1) });
      const result = await swap(this.coordinator, this.key, this.revision, value);
      this.outcomes.push(result.outcome);
      if (result.outcome === 'swapped') this.revision = result.revision;
      else if (result.outcome === 'conflict') this.revision = result.current.revision;
      else this.revision = (await read(this.coordinator, this.key))?.revision ?? this.revision;
    }
  }
}

describe.skipIf(!hasEtcd())('etcd under faults (left out where it is not installed)', () => {
  let folder = '';
  let members: LocalMembers;
  let opened: EtcdCoordinator[] = [];
  let laid: Way[] = [];
  let renewals: Renewing[] = [];
  let clusters = 0;
  let prefix = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-etcd-'));
    members = await LocalMembers.start({ folder, heartbeatMs: 50, electionMs: 500 });
  });

  beforeEach(() => {
    prefix = `/cluster-${(clusters += 1)}/`;
  });

  afterEach(async () => {
    // First: against a closed coordinator the loop would never leave the event loop a turn.
    for (const renewing of renewals) await renewing.end();
    for (const coordinator of opened) coordinator.close();
    for (const way of laid) await way.close();
    renewals = [];
    opened = [];
    laid = [];
    for (const member of members.all) member.resume();
    await members.launch();
  });

  afterAll(async () => {
    await members.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(endpoints = members.endpoints, tls?: EtcdTls): Promise<EtcdCoordinator> {
    const config = { endpoints, prefix, ...(tls && { tls }) };
    const opening = await openEtcdCoordinator(config, { times: QUICK });
    if (!opening.ok) throw new Error(opening.message);
    opened.push(opening.coordinator);
    return opening.coordinator;
  }

  function renew(coordinator: Coordinator): Renewing {
    const renewing = new Renewing(coordinator, 'claim/nyc');
    renewals.push(renewing);
    return renewing;
  }

  /** A coordinator whose whole way to etcd can be cut. */
  async function behindWays(): Promise<{ coordinator: EtcdCoordinator; ways: Way[] }> {
    const ways = await Promise.all(
      members.endpoints.map((endpoint) =>
        Way.open({ host: '127.0.0.1', port: 0, toPort: Number(new URL(endpoint).port) }),
      ),
    );
    laid.push(...ways);
    const endpoints = ways.map(({ port }) => `http://127.0.0.1:${port}`);
    return { coordinator: await open(endpoints), ways };
  }

  /** What stands at the end is what the watch told last. */
  async function told(coordinator: Coordinator, renewal: number): Promise<void> {
    await seen(coordinator, 'claim/', (_key, value) => (value as ClaimRecord).renewal === renewal);
  }

  const faults: [string, (leader: boolean) => Promise<() => Promise<void> | void>][] = [
    ['the death of the leader', () => lose('kill', true)],
    ['the death of a follower', () => lose('kill', false)],
    ['a leader that hangs', () => lose('pause', true)],
    ['a follower that hangs', () => lose('pause', false)],
  ];

  /** Loses the leader, or the follower that is asked first. */
  async function lose(how: 'kill' | 'pause', leads: boolean): Promise<() => Promise<void> | void> {
    const leader = await members.leader();
    const lost = leads ? leader : members.all.find((member) => member !== leader);
    if (lost === undefined) throw new Error('there is no other member');
    await lost[how]();
    return () => (how === 'kill' ? members.launch() : lost.resume());
  }

  it.each(faults)(
    'is used on after %s, and no swap of a lone writer is refused',
    async (...fault) => {
      const leader = await members.leader();
      // The member that will be lost is the one that is asked first.
      const others = members.all.filter((member) => member !== leader);
      const order = fault[0].includes('leader') ? [leader, ...others] : [...others, leader];
      const coordinator = await open(order.map(({ endpoint }) => endpoint));
      const renewing = renew(coordinator);
      await renewing.succeeds();
      const restore = await fault[1](true);
      await renewing.succeeds();
      await restore();
      await renewing.succeeds();
      const last = await renewing.end();
      await told(coordinator, last);
      expect(renewing.outcomes).not.toContain('conflict');
    },
  );

  it('answers without quorum that it does not know, in time, and goes on by itself after', async () => {
    const coordinator = await open();
    const watching = await open();
    await swap(coordinator, 'claim/nyc', 0, claim());
    await told(watching, 1);
    const [first, second] = members.all;
    await Promise.all([first?.kill(), second?.kill()]);
    const startMs = performance.now();
    expect(await swap(coordinator, 'claim/tor', 0, claim())).toEqual({ outcome: 'unknown' });
    expect(await read(coordinator, 'claim/nyc')).toBeNull();
    expect(performance.now() - startMs).toBeLessThan(GIVE_UP_MS / 3);
    // Which renewal is the first to get through is etcd's to say.
    const later = seen(watching, 'claim/', (_key, value) => (value as ClaimRecord).renewal > 1);
    await members.launch();
    const renewing = renew(coordinator);
    await renewing.succeeds();
    await later;
    await renewing.end();
  });

  it('is missed by the site alone that is cut off from it, until that is over', async () => {
    const { coordinator: cutOff, ways } = await behindWays();
    const other = await open();
    await swap(cutOff, 'claim/nyc', 0, claim());
    await told(cutOff, 1);
    const renewed = seen(cutOff, 'claim/', (_key, value) => (value as ClaimRecord).renewal === 7);
    for (const way of ways) way.set(CUT, CUT);
    expect(await read(cutOff, 'claim/nyc')).toBeNull();
    const standing = await read(other, 'claim/nyc');
    const swapped = await swap(other, 'claim/nyc', standing?.revision ?? 0, claim({ renewal: 7 }));
    expect(swapped.outcome).toBe('swapped');
    for (const way of ways) way.set(CLEAR, CLEAR);
    await renewed;
  });

  it('tells a watch what stands after the history it had to read was compacted', async () => {
    const { coordinator: watching, ways } = await behindWays();
    const other = await open();
    await swap(other, 'claim/nyc', 0, claim());
    const renewed = seen(
      watching,
      'claim/',
      (_key, value) => (value as ClaimRecord).renewal === 99,
    );
    await told(watching, 1);
    for (const way of ways) way.set(CUT, CUT);
    let revision = (await read(other, 'claim/nyc'))?.revision ?? 0;
    for (const renewal of [2, 3, 99]) {
      const result = await swap(other, 'claim/nyc', revision, claim({ renewal }));
      if (result.outcome !== 'swapped') throw new Error(result.outcome);
      ({ revision } = result);
    }
    expect(await members.compact(revision)).toBe(true);
    for (const way of ways) way.set(CLEAR, CLEAR);
    await renewed;
  });

  it('speaks under TLS to those who prove themselves, and to nobody else', async () => {
    const certificates = new TestAuthority('c1');
    const { ca, cert, key } = certificates.site('nyc');
    const tls = await writePem(folder, 'ours', { ca: ca ?? '', cert, key });
    const strange = new TestAuthority('c2').site('nyc');
    const secured = await LocalMembers.start({
      folder: join(folder, 'secured'),
      members: ['one'],
      heartbeatMs: 50,
      electionMs: 500,
      tls,
    });
    try {
      const coordinator = await open(secured.endpoints, tls);
      expect(coordinator.credentials?.current.cert).toBe(cert);
      expect(await swap(coordinator, 'claim/nyc', 0, claim())).toMatchObject({
        outcome: 'swapped',
      });
      const wrong = await writePem(folder, 'wrong', { ...strange, ca: ca ?? '' });
      expect(await read(await open(secured.endpoints, wrong), 'claim/nyc')).toBeNull();
      const plain = secured.endpoints.map((url) => url.replace('https', 'http'));
      expect(await read(await open(plain), 'claim/nyc')).toBeNull();
      const { caFile: _, ...unknown } = tls;
      expect(await read(await open(secured.endpoints, unknown), 'claim/nyc')).toBeNull();
    } finally {
      await secured.stop();
    }
  });

  it('names a certificate that cannot be read', async () => {
    const tls = { caFile: '/none/ca.pem', certFile: '/none/a.pem', keyFile: '/none/a.key' };
    const config = { endpoints: ['https://127.0.0.1:1'], prefix, tls };
    expect(await openEtcdCoordinator(config)).toMatchObject({ ok: false });
  });
});

async function writePem(
  folder: string,
  name: string,
  pem: { readonly ca: string; readonly cert: string; readonly key: string },
): Promise<Required<EtcdTls>> {
  const files = {
    caFile: join(folder, `${name}-ca.pem`),
    certFile: join(folder, `${name}.pem`),
    keyFile: join(folder, `${name}.key`),
  };
  await writeFile(files.caFile, pem.ca);
  await writeFile(files.certFile, pem.cert);
  await writeFile(files.keyFile, pem.key, { mode: 0o600 });
  return files;
}
