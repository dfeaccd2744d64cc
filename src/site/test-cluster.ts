import type { ClusterStatus } from './status-types.js';
import { contentHash } from '../storage/content-hash.js';
import { createMemoryCoordinator } from '../coordinator/memory-coordinator.js';
import type { Content } from '../protocol/file-version.js';
import type { SiteMessage } from '../protocol/node/messages.js';
import { type NodeShard, SiteNode } from '../protocol/node/site-node.js';
import {
  type ClusterSettings,
  type Coordinator,
  INITIAL_HARD_STATE,
  type TableRule,
} from '../protocol/ports.js';
import { DEFAULT_LIMITS, type ShardTiming } from '../protocol/shard/config.js';
import type { Timers } from '../protocol/timers.js';
import { MemoryShardLog } from '../storage/log/memory-log.js';
import { MemoryShardView } from '../storage/view/memory-view.js';
import { joinContents } from './content-join.js';
import { ContentDigests } from './content-digests.js';
import type { ObjectService } from './object-service.js';
import { Seal } from './seal.js';
import type { DigestName, SiteContext, UploadResult } from './site-context.js';
import { createFileService, type SiteService } from './site-file-service.js';

/*
 * Three sites in one process for tests: the real protocol and the real file service over logs,
 * views, a coordinator and a network in memory.
 */

export const SITES = ['nyc', 'tor', 'lon'];

const RULES: readonly TableRule[] = [
  { pattern: { kind: 'exact', name: '*/file1.txt' }, shards: ['nyc'] },
  { pattern: { kind: 'exact', name: '*/file2.txt' }, shards: ['tor'] },
  { pattern: { kind: 'exact', name: '*/file3.txt' }, shards: ['lon'] },
  { pattern: { kind: 'prefix', prefix: '*/nyc/' }, shards: ['nyc'] },
  { pattern: { kind: 'prefix', prefix: '*/tor/' }, shards: ['tor'] },
  { pattern: { kind: 'prefix', prefix: '*/lon/' }, shards: ['lon'] },
  { pattern: { kind: 'default' }, shards: SITES },
];

const TIMING: ShardTiming = {
  claimMs: 400,
  actMs: 400,
  heartbeatMs: 40,
  quietMs: 200,
  staggerMs: 40,
  handoverLimitMs: 200,
  homecomingMs: 20,
  leaseMs: 300,
  clientLeaseMs: 300,
  leaseKeepMs: 2000,
  revocationPatienceMs: 200,
  listingRestMs: 0,
  driftRate: 0.002,
  driftMarginMs: 2,
};

const PATIENT: ShardTiming = {
  ...TIMING,
  claimMs: 30_000,
  actMs: 30_000,
  quietMs: 20_000,
  leaseMs: 15_000,
  clientLeaseMs: 15_000,
  leaseKeepMs: 60_000,
  revocationPatienceMs: 10_000,
};

const LIMIT_MS = 10_000;

const SETTINGS: ClusterSettings = {
  clusterId: 'test',
  sites: SITES,
  replicas: 3,
  writeQuorum: 2,
  readQuorum: 1,
};

export interface TestSite {
  readonly site: string;
  readonly node: SiteNode;
  readonly service: SiteService;
}

export interface TestClusterOptions {
  readonly timeoutMs?: number;
  readonly requestLimit?: number;
  /** Nobody is missed or taken over from, however busy the machine is; nor after a site is lost. */
  readonly isPatient?: boolean;
}

export class TestCluster {
  readonly coordinator: Coordinator = createMemoryCoordinator();
  readonly sites = new Map<string, TestSite>();
  readonly faults: unknown[] = [];
  private readonly down = new Set<string>();
  private readonly chunks = new Map<string, Uint8Array>();
  private lastId = 0;

  constructor(private readonly options: TestClusterOptions = {}) {
    for (const site of SITES) this.sites.set(site, this.makeSite(site));
    for (const { site, node } of this.sites.values()) {
      node.start();
      for (const peer of SITES) if (peer !== site) node.peer(peer, true);
    }
  }

  at(site: string): ObjectService {
    const found = this.sites.get(site);
    if (found === undefined) throw new Error(`no such site: ${site}`);
    return found.service;
  }

  node(site: string): SiteNode {
    const found = this.sites.get(site);
    if (found === undefined) throw new Error(`no such site: ${site}`);
    return found.node;
  }

  /** Resolves once each shard is at its home site, and every site knows it. */
  async ready(): Promise<this> {
    const atHome = (node: SiteNode): boolean =>
      SITES.every((home) => node.primaryOf(home) === home);
    await this.everywhere((node, done) =>
      node.until(
        node.nowMs() + LIMIT_MS,
        () => atHome(node),
        () => done(atHome(node)),
      ),
    );
    await this.settled();
    return this;
  }

  /** Resolves once every site shows what has committed. */
  settled(): Promise<void> {
    return this.everywhere((node, done) =>
      node.catchUp(SITES, null, node.nowMs() + LIMIT_MS, ({ ok }) => done(ok)),
    );
  }

  private async everywhere(
    call: (node: SiteNode, done: (happened: boolean) => void) => void,
  ): Promise<void> {
    const up = [...this.sites.values()].filter(({ site }) => !this.down.has(site));
    const happened = await Promise.all(
      up.map(({ node }) => new Promise<boolean>((resolve) => call(node, resolve))),
    );
    if (!happened.every(Boolean)) throw new Error('the cluster did not get there in time');
  }

  /** The site's process ends; its peers notice at once. */
  kill(site: string): void {
    this.down.add(site);
    this.node(site).halt();
    for (const peer of SITES) if (!this.down.has(peer)) this.node(peer).peer(site, false);
  }

  stop(): void {
    for (const { node } of this.sites.values()) node.halt();
    if (this.faults.length > 0) throw this.faults[0];
  }

  private makeSite(site: string): TestSite {
    const node = new SiteNode(
      {
        site,
        run: `run-${site}`,
        incarnation: 1,
        starts: 1,
        sites: SITES,
        writeQuorum: 2,
        shards: new Map(SITES.map((home) => [home, [home, ...SITES.filter((s) => s !== home)]])),
        initialRules: RULES,
        timing: this.options.isPatient === true ? PATIENT : TIMING,
        limits: DEFAULT_LIMITS,
        leases: true,
        retryMs: 10,
        requestLimit: this.options.requestLimit ?? 100,
      },
      {
        coordinator: this.coordinator,
        content: { ensure: (_content, _sources, done) => this.afterTurn(done) },
        timers: realTimers(),
        send: (to, message) => this.send(site, to, message),
        invalidate: (...told) => this.sites.get(site)?.service.invalidate(...told),
        event: () => undefined,
        fatal: (error) => this.faults.push(error),
      },
      new Map(SITES.map((shard) => [shard, memoryShard(shard)])),
    );
    return { site, node, service: createFileService(this.context(site, node)) };
  }

  private send(from: string, to: string, message: SiteMessage): boolean {
    if (this.down.has(from) || this.down.has(to)) return false;
    setImmediate(() => {
      if (!this.down.has(from) && !this.down.has(to)) this.node(to).receive(from, message);
    });
    return true;
  }

  private afterTurn(done: () => void): { cancel(): void } {
    const timer = setImmediate(done);
    return { cancel: () => clearImmediate(timer) };
  }

  private context(site: string, node: SiteNode): SiteContext {
    return {
      config: {
        site,
        displayName: site,
        dataFolder: '',
        host: '',
        httpPort: 0,
        peerPort: 0,
        coordinator: { url: '' },
        peers: [],
        cluster: SETTINGS,
        table: RULES,
        homes: { nyc: 'nyc', tor: 'tor', lon: 'lon' },
        wan: {},
        fsync: false,
      },
      node,
      content: {
        upload: (body, size, digests) => this.upload(body, size, digests),
        join: (contents) =>
          joinContents(contents, (hash, bytes) => {
            this.chunks.set(hash, bytes);
            return Promise.resolve(null);
          }),
        whole: (content) => Promise.resolve(content),
        bring: () => Promise.resolve(false),
        read: (content, range) => this.read(content, range?.start ?? 0, range?.end ?? content.size),
      },
      upkeep: null,
      status: () => ({ site }) as unknown as ClusterStatus,
      newRequestId: () => `${site}/${(this.lastId += 1)}`,
      timeoutMs: this.options.timeoutMs ?? 3000,
      seal: new Seal(new Uint8Array(32).fill(1)),
    };
  }

  private async upload(
    body: AsyncIterable<Uint8Array>,
    announced?: number,
    names: readonly DigestName[] = [],
  ): Promise<UploadResult> {
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of body) pieces.push(piece);
    } catch {
      return { ok: false, reason: 'body_incomplete', message: 'the body broke off' };
    }
    const bytes = Buffer.concat(pieces);
    const { length: size } = bytes;
    if (announced !== undefined && announced !== size) {
      return { ok: false, reason: 'body_incomplete', message: `${size} bytes, not ${announced}` };
    }
    const running = new ContentDigests(names);
    running.update(bytes);
    const digests = running.results();
    const etag = contentHash(bytes);
    if (size <= 1000) return { ok: true, content: { kind: 'inline', size, etag, bytes }, digests };
    this.chunks.set(etag, bytes);
    const chunks = [{ hash: etag, size }];
    return { ok: true, content: { kind: 'chunked', size, etag, chunks }, digests };
  }

  private async *read(content: Content, start: number, end: number): AsyncIterable<Uint8Array> {
    const refs = content.kind === 'inline' ? [] : content.chunks;
    const chunks = refs.map(({ hash }) => {
      const bytes = this.chunks.get(hash);
      if (bytes === undefined) throw new Error(`no chunk ${hash}`);
      return bytes;
    });
    const bytes = content.kind === 'inline' ? content.bytes : Buffer.concat(chunks);
    yield bytes.subarray(start, end);
  }
}

function memoryShard(shard: string): NodeShard {
  const view = new MemoryShardView(shard, setImmediate);
  return {
    log: new MemoryShardLog(setImmediate),
    view,
    snapshots: { install: (_from, done) => void setImmediate(() => done(null)) },
    start: {
      opened: {
        base: { epoch: 0, seq: 0 },
        entries: [],
        hardState: INITIAL_HARD_STATE,
        tornBytes: 0,
      },
      viewPosition: view.position(),
      requests: [],
      ownership: [],
      configuration: null,
      initialRules: RULES,
      missingContent: new Set(),
    },
  };
}

function realTimers(): Timers {
  return {
    now: () => ({ monoMs: performance.now(), wallMs: Date.now() }),
    wake: (atMs, callback) => {
      const leftMs = Math.min(Math.max(0, atMs - performance.now()), 2 ** 31 - 1);
      const timer = setTimeout(callback, leftMs);
      return { cancel: () => clearTimeout(timer) };
    },
    endOfTurn: (callback) => void setImmediate(callback),
  };
}

export async function* bodyOf(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}
