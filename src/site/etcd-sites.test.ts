import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LocalMembers, hasEtcd } from '../coordinator/etcd/local-members.js';
import { freePorts } from '../transport/free-ports.js';
import { CLEAR } from '../transport/fault-proxy/condition.js';
import { Way } from '../transport/fault-proxy/way.js';
import { ETCD_TIMING } from './node-config.js';
import { runSite } from './run-site.js';
import type { RunningSite } from './running-site.js';
import type { SiteDurations } from './site-process.js';
import type { SiteConfig } from './site-config.js';

const SITES = ['nyc', 'tor', 'lon'];
const HOST = '127.0.0.1';
const GIVE_UP_MS = 45_000;

/** Half of what sites in different cities have, as etcd's elections take half as long here. */
const QUICK: SiteDurations = {
  timing: { ...ETCD_TIMING, claimMs: 1500, actMs: 750, homecomingMs: 500 },
  requestTimeoutMs: 1500,
};

/** For what must not happen, however busy the machine is. */
const PATIENT: SiteDurations = { timing: { ...ETCD_TIMING, claimMs: 30_000 } };

interface Acknowledged {
  readonly name: string;
  readonly version: number;
  readonly text: string;
}

/** Three sites in this process with an etcd of three members; each way between them may be cut. */
class EtcdSites {
  readonly acknowledged: Acknowledged[] = [];
  readonly reports: string[] = [];
  private readonly running = new Map<string, RunningSite>();
  private readonly ways: { readonly from: string; readonly to: string; readonly way: Way }[] = [];
  private peerPorts: number[] = [];
  private written = 0;

  private constructor(
    private readonly folder: string,
    readonly etcd: LocalMembers,
    private readonly durations: SiteDurations,
  ) {}

  static async start(durations: SiteDurations): Promise<EtcdSites> {
    const folder = await mkdtemp(join(tmpdir(), 'quorate-etcd-sites-'));
    const timing = { heartbeatMs: 50, electionMs: 500 };
    const etcd = await LocalMembers.start({ folder: join(folder, 'etcd'), ...timing });
    const sites = new EtcdSites(folder, etcd, durations);
    sites.peerPorts = await freePorts(SITES.length);
    for (const from of SITES) {
      for (const to of SITES) {
        if (from !== to) await sites.lay(from, to, sites.peerPorts[SITES.indexOf(to)] ?? 0);
      }
      for (const member of etcd.all) {
        await sites.lay(from, `etcd ${member.name}`, Number(new URL(member.endpoint).port));
      }
    }
    await Promise.all(SITES.map((site) => sites.run(site)));
    return sites;
  }

  async stop(): Promise<void> {
    for (const member of this.etcd.all) member.resume();
    await Promise.all([...this.running.values()].map((site) => site.stop()));
    await Promise.all(this.ways.map(({ way }) => way.close()));
    await this.etcd.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  at(site: string): RunningSite['service'] {
    const found = this.running.get(site);
    if (found === undefined) throw new Error(`${site} does not run`);
    return found.service;
  }

  /** Nothing goes to the site any more or comes from it, as when its machine is gone. */
  cutOff(site: string): void {
    const cut = { ...CLEAR, cut: 'held' } as const;
    for (const { from, to, way } of this.ways) if (from === site || to === site) way.set(cut, cut);
  }

  heal(): void {
    for (const { way } of this.ways) way.set(CLEAR, CLEAR);
  }

  /** One write of a text of its own; null unless it is committed, and then it is remembered. */
  async put(site: string, name: string): Promise<Acknowledged | null> {
    const text = `${name} ${(this.written += 1)}`;
    const outcome = await this.at(site).write(name, bytesOf(text));
    if (outcome.outcome !== 'committed') return null;
    const done = { name, version: outcome.file.version, text };
    this.acknowledged.push(done);
    return done;
  }

  /** Writes until it is done. */
  async puts(site: string, name: string): Promise<void> {
    await this.eventually(`a write of ${name} at ${site}`, async () => {
      return (await this.put(site, name)) !== null;
    });
  }

  async text(site: string, name: string, how: { version?: number; local?: boolean } = {}) {
    const consistency = how.local === true ? 'local' : 'strong';
    const { version } = how;
    const opened = await this.at(site).open(name, {
      consistency,
      ...(version !== undefined && { version }),
    });
    if (!opened.ok) return { refused: opened.reason };
    const parts: Uint8Array[] = [];
    for await (const part of opened.body()) parts.push(part);
    return { text: Buffer.concat(parts).toString(), freshness: opened.served.freshness };
  }

  async eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + GIVE_UP_MS;
    while (!(await holds())) {
      if (performance.now() > untilMs) {
        throw new Error(`in vain: ${what}\n${this.reports.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  private async lay(from: string, to: string, toPort: number): Promise<void> {
    this.ways.push({ from, to, way: await Way.open({ host: HOST, port: 0, toPort }) });
  }

  private portOf(from: string, to: string): number {
    return this.ways.find((laid) => laid.from === from && laid.to === to)?.way.port ?? 0;
  }

  private async run(site: string): Promise<void> {
    const report = (message: string): void => void this.reports.push(`${site}: ${message}`);
    this.running.set(
      site,
      await runSite(this.configOf(site), { report, durations: this.durations }),
    );
  }

  private configOf(site: string): SiteConfig {
    const own = this.etcd.member(site);
    const members = [own, ...this.etcd.all.filter((member) => member !== own)];
    const endpoints = members.map(
      ({ name }) => `http://${HOST}:${this.portOf(site, `etcd ${name}`)}`,
    );
    return {
      site,
      displayName: site,
      dataFolder: join(this.folder, site),
      host: HOST,
      httpPort: 1,
      peerPort: this.peerPorts[SITES.indexOf(site)] ?? 0,
      coordinator: { etcd: { endpoints, prefix: '/store/' } },
      peers: SITES.filter((other) => other !== site).map((other) => ({
        site: other,
        displayName: other,
        host: HOST,
        peerPort: this.portOf(site, other),
        httpUrl: `http://${HOST}/${other}`,
      })),
      cluster: { clusterId: 'test', sites: SITES, replicas: 3, writeQuorum: 2, readQuorum: 1 },
      table: [
        { pattern: { kind: 'prefix', prefix: '*/tor/' }, shards: ['tor'] },
        { pattern: { kind: 'default' }, shards: ['nyc'] },
      ],
      homes: { nyc: 'nyc', tor: 'tor', lon: 'lon' },
      wan: {},
      fsync: true,
    };
  }
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

describe.skipIf(!hasEtcd())('three sites on etcd (left out where it is not installed)', () => {
  let sites: EtcdSites;

  afterEach(async () => {
    await sites.stop();
  });

  async function start(durations: SiteDurations): Promise<void> {
    sites = await EtcdSites.start(durations);
    const made = await sites.at('nyc').createBucket('docs');
    expect(made.outcome).toBe('committed');
  }

  /** Every write that was ever acknowledged is what it was, at every site. */
  async function nothingLost(): Promise<void> {
    for (const site of SITES) {
      for (const { name, version, text } of sites.acknowledged) {
        expect(await sites.text(site, name, { version })).toMatchObject({ text });
      }
    }
  }

  // As long as a claim, and five seconds until a cut connection counts as lost.
  it('say which etcd it is, fail over when one is cut off, and take it back', async () => {
    await start(QUICK);
    expect(sites.reports.join()).toMatch(/nyc: the coordinator is etcd \d+\.\d+\.\d+ at http/);
    for (const site of SITES) await sites.puts(site, 'docs/a');
    sites.cutOff('nyc');
    await sites.puts('lon', 'docs/a');
    expect(await sites.text('tor', 'docs/a')).toMatchObject({
      text: sites.acknowledged.at(-1)?.text,
    });
    sites.heal();
    await sites.eventually('nyc has its shard again', async () => {
      await sites.put('tor', 'docs/a');
      const { shards } = sites.at('nyc').cluster();
      return shards.some(({ shard, role }) => shard === 'nyc' && role === 'primary');
    });
    await sites.puts('nyc', 'docs/a');
    await nothingLost();
  });

  it('write on while etcd loses its leader', async () => {
    await start(PATIENT);
    await sites.puts('nyc', 'docs/a');
    await sites.puts('tor', 'docs/tor/a');
    const { epoch } = shardAt('nyc');
    const leader = await sites.etcd.leader();
    await leader.kill();
    const next = sites.etcd.leader();
    let hasLeader = false;
    void next.then(() => (hasLeader = true));
    const refused: string[] = [];
    while (!hasLeader) if ((await sites.put('lon', 'docs/a')) === null) refused.push('docs/a');
    for (const name of ['docs/a', 'docs/tor/a']) {
      if ((await sites.put('lon', name)) === null) refused.push(name);
    }
    expect(refused).toEqual([]);
    expect(shardAt('nyc').epoch).toBe(epoch);
    await nothingLost();
  });

  it('stop writing when etcd has no quorum for a claim, say so, and return by themselves', async () => {
    await start(QUICK);
    await sites.puts('nyc', 'docs/a');
    await sites.puts('lon', 'docs/tor/a');
    const [first, second] = sites.etcd.all;
    first?.pause();
    second?.pause();
    await Promise.all(
      ['docs/a', 'docs/tor/a'].map((name) =>
        sites.eventually(`writes of ${name} stop`, async () => {
          return (await sites.put('lon', name)) === null;
        }),
      ),
    );
    const standing = sites.acknowledged.filter(({ name }) => name === 'docs/a').at(-1);
    expect(await sites.text('lon', 'docs/a', { local: true })).toMatchObject({
      text: standing?.text,
      freshness: 'local',
    });
    expect(await sites.text('lon', 'docs/a')).toHaveProperty('refused');
    first?.resume();
    second?.resume();
    await sites.puts('lon', 'docs/a');
    await sites.puts('nyc', 'docs/tor/a');
    await nothingLost();
  });

  function shardAt(site: string) {
    const found = sites
      .at(site)
      .cluster()
      .shards.find(({ shard }) => shard === site);
    if (found === undefined) throw new Error(`no shard ${site}`);
    return found;
  }
});
