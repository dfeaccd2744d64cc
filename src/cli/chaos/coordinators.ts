import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEtcd, LocalMembers } from '../../coordinator/etcd/local-members.js';
import { DEFAULT_ETCD_PREFIX } from '../../coordinator/etcd/etcd-config.js';
import type { SiteConfig } from '../../site/site-config.js';
import { CLEAR } from '../../transport/fault-proxy/condition.js';
import { HOST } from '../up/cluster-plan.js';
import { SiteChild } from '../up/site-child.js';
import { ChaosFailed } from './chaos-failed.js';
import { COORDINATOR, type Ends } from './links.js';

export type CoordinatorKind = 'embedded' | 'etcd';

/** Opens a way and gives its port. */
export type OpenWay = (ends: Ends, toPort: number, usual?: typeof CLEAR) => Promise<number>;

/** What keeps the claims, as the one who lets it go wrong sees it. */
export interface ChaosCoordinator {
  start(): Promise<void>;
  /** What a site's configuration says of it; over ways of that site's own. */
  wayFor(site: string): Promise<SiteConfig['coordinator']>;
  /** Ends some process of it, or all, at once; what is returned starts them again. */
  kill(draw: number): Promise<() => Promise<void>>;
  /** Stops the same where they stand; what is returned lets them go on. */
  pause(draw: number): () => void;
  /** Starts what does not run. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export interface CoordinatorOptions {
  readonly sites: readonly string[];
  readonly dataFolder: string;
  readonly basePort: number;
  readonly openWay: OpenWay;
  readonly report: (message: string) => void;
}

export function coordinatorOf(
  kind: CoordinatorKind,
  options: CoordinatorOptions,
): ChaosCoordinator {
  return kind === 'etcd' ? new EtcdMembers(options) : new EmbeddedProcess(options);
}

const PROGRAM = fileURLToPath(new URL('./coordinator-process.js', import.meta.url));

/** The embedded coordinator, in a process of its own. */
class EmbeddedProcess implements ChaosCoordinator {
  private readonly child: SiteChild;

  constructor(private readonly options: CoordinatorOptions) {
    const { dataFolder, basePort, report } = options;
    const path = join(dataFolder, 'coordinator', 'state');
    const program = {
      file: process.execPath,
      arguments: [PROGRAM, JSON.stringify({ path, host: HOST, port: basePort })],
      logFile: join(dataFolder, 'logs', 'coordinator.log'),
    };
    this.child = new SiteChild('the coordinator', program, report);
  }

  async start(): Promise<void> {
    const started = await this.child.start();
    if (!started.ok) throw new ChaosFailed(`the coordinator cannot start: ${started.message}`);
  }

  async wayFor(site: string): Promise<SiteConfig['coordinator']> {
    const { openWay, basePort } = this.options;
    const port = await openWay({ from: site, to: COORDINATOR }, basePort);
    return { url: `http://${HOST}:${port}` };
  }

  async kill(): Promise<() => Promise<void>> {
    await this.child.stop('kill');
    return () => this.heal();
  }

  pause(): () => void {
    const { pid } = this.child;
    if (pid !== null) process.kill(pid, 'SIGSTOP');
    return () => {
      if (pid !== null) process.kill(pid, 'SIGCONT');
    };
  }

  async heal(): Promise<void> {
    if (this.child.state !== 'ready') await this.child.start();
  }

  async stop(): Promise<void> {
    if (this.child.pid !== null) process.kill(this.child.pid, 'SIGCONT');
    await this.child.stop('clean');
  }
}

/** As the members of etcd stand in the cities; a way is known by where it goes to only. */
const MEMBERS_APART = { ...CLEAR, delayMs: 15, jitterMs: 2 };

/** The ends of the ways that go to a member from the others. */
export function memberEnds(name: string): Ends {
  return { from: 'members', to: `member ${name}` };
}

/** A real cluster of etcd, one member for each site; the client ports follow the base port. */
class EtcdMembers implements ChaosCoordinator {
  private members: LocalMembers | null = null;

  constructor(private readonly options: CoordinatorOptions) {}

  async start(): Promise<void> {
    if (!hasEtcd()) throw new ChaosFailed('--coordinator etcd needs etcd to be installed here');
    const { sites, dataFolder, openWay } = this.options;
    const plans = [];
    for (const [index, name] of sites.entries()) {
      const peerPort = this.port(index) + sites.length;
      const port = await openWay(memberEnds(name), peerPort, MEMBERS_APART);
      const peerUrl = `http://${HOST}:${port}`;
      plans.push({ name, host: HOST, clientPort: this.port(index), peerPort, peerUrl });
    }
    try {
      this.members = await LocalMembers.start({ folder: join(dataFolder, 'etcd'), members: plans });
    } catch (error) {
      throw new ChaosFailed(`etcd cannot start: ${String(error)}`);
    }
  }

  async wayFor(site: string): Promise<SiteConfig['coordinator']> {
    const { sites, openWay } = this.options;
    const endpoints: string[] = [];
    // The member beside it first.
    for (const name of [site, ...sites.filter((other) => other !== site)]) {
      const usual = name === site ? CLEAR : MEMBERS_APART;
      const port = await openWay(
        { from: site, to: COORDINATOR },
        this.port(sites.indexOf(name)),
        usual,
      );
      endpoints.push(`http://${HOST}:${port}`);
    }
    return { etcd: { endpoints, prefix: DEFAULT_ETCD_PREFIX } };
  }

  async kill(draw: number): Promise<() => Promise<void>> {
    const chosen = this.choose(draw);
    await Promise.all(chosen.map((member) => member.kill()));
    return () => this.heal();
  }

  pause(draw: number): () => void {
    const chosen = this.choose(draw);
    for (const member of chosen) member.pause();
    return () => {
      for (const member of chosen) member.resume();
    };
  }

  async heal(): Promise<void> {
    for (const member of this.members?.all ?? []) {
      member.resume();
      if (member.pid === null) await member.launch();
    }
  }

  async stop(): Promise<void> {
    await this.members?.stop();
  }

  /** One member as a rule, two now and then: then etcd has no quorum. */
  private choose(draw: number): LocalMembers['all'] {
    const all = this.members?.all ?? [];
    const first = draw % all.length;
    const count = draw % 7 < 5 ? 1 : 2;
    return Array.from({ length: count }, (_, index) => all[(first + index) % all.length]!);
  }

  private port(index: number): number {
    return this.options.basePort + 1 + index;
  }
}
