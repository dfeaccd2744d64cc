import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Operation, parseHistory, stringifyHistory } from '../../simulator/history.js';
import type { Finding } from '../../simulator/judges/finding.js';
import { Random } from '../../simulator/random.js';
import { machineMs } from '../machine-clock.js';
import { ChaosCluster } from './chaos-cluster.js';
import { ChaosFailed } from './chaos-failed.js';
import type { ChaosSettings } from './chaos-settings.js';
import { ClientGroup } from './clients/client-group.js';
import { type ReadBack, readBack } from './closing/read-back.js';
import { type Settled, settle } from './closing/settle.js';
import { Conductor, countKinds, type Played } from './conductor.js';
import { GOOD_DISK } from './disk-order.js';
import type { FaultKind } from './fault.js';
import { type Episode, planChaos } from './plan.js';
import { SiteKeeper } from './site-keeper.js';
import { pause } from '../pause.js';
import { siteMistakes } from './site-mistakes.js';
import { type Judged, judgeRun, type Shortfall, shortfalls } from './verdict.js';

export interface RunOptions {
  readonly settings: ChaosSettings;
  readonly dataFolder: string;
  readonly basePort: number;
  readonly tell: (line: string) => void;
  readonly stopped: AbortSignal;
}

export interface RunResult {
  readonly counts: Readonly<Record<string, number>>;
  readonly planned: readonly Episode[];
  readonly played: readonly Played[];
  readonly playedKinds: Readonly<Partial<Record<FaultKind, number>>>;
  readonly settled: Settled;
  readonly readBack: ReadBack;
  readonly judged: Judged;
  readonly judgedMs: number;
  readonly findings: readonly Finding[];
  /** What is wrong beside what the judges found: sentences. */
  readonly wrong: readonly string[];
  readonly shortfalls: readonly Shortfall[];
}

const BUCKET = 'chaos';
/** What two processes of clients do beside each other. */
export const CLIENT_GROUPS = 2;
const CLIENT_PAUSE_MS = 120;
const IDS_PER_GROUP = 1_000_000_000;
const SETTLE_LIMIT_MS = 180_000;
const TELL_EVERY_MS = 10_000;

/** One run from nothing to a verdict. Throws ChaosFailed when it cannot even begin. */
export async function runChaos(options: RunOptions): Promise<RunResult | 'stopped'> {
  const { settings, dataFolder, basePort, tell, stopped } = options;
  const random = new Random(`chaos/${settings.seed}/ways`);
  const cluster = new ChaosCluster({
    dataFolder,
    basePort,
    coordinator: settings.coordinator,
    random: () => random.fraction(),
    report: (message) => tell(`   ${message}`),
  });
  const groups: ClientGroup[] = [];
  try {
    await cluster.start();
    return await new ChaosRun(options, cluster, groups).play();
  } finally {
    for (const group of groups) group.kill();
    await cluster.stop();
    if (stopped.aborted) tell('stopped: everything that was started has ended');
  }
}

class ChaosRun {
  private readonly keeper: SiteKeeper;
  private readonly originMs = machineMs();

  constructor(
    private readonly options: RunOptions,
    private readonly cluster: ChaosCluster,
    private readonly groups: ClientGroup[],
  ) {
    this.keeper = new SiteKeeper(cluster, (message) => options.tell(`   ${message}`));
  }

  async play(): Promise<RunResult | 'stopped'> {
    const { settings, tell, stopped } = this.options;
    const { seed, durationMs } = settings;
    await this.startClients();
    const planned = planChaos({
      ...settings,
      sites: this.cluster.sites,
      clientGroups: CLIENT_GROUPS,
    });
    const epochsBefore = await this.epochs();
    tell(`${planned.length} faults in ${durationMs / 60_000} minutes, seed ${seed}`);
    const conductor = new Conductor(
      this.cluster,
      this.keeper,
      this.groups,
      tell,
      stopped,
      durationMs,
    );
    const ticker = setInterval(() => tell(this.progress()), TELL_EVERY_MS);
    const startMs = performance.now();
    await conductor.play(planned);
    const restMs = durationMs - (performance.now() - startMs);
    if (!stopped.aborted && restMs > 0) await pause(restMs);
    clearInterval(ticker);
    const wrong = [...conductor.wrong, ...(await this.stopClients())];
    if (stopped.aborted) return 'stopped';
    tell('everything is healed; waiting for all sites to agree');
    await this.heal();
    const settled = await settle(this.cluster, this.keeper, SETTLE_LIMIT_MS, stopped);
    const failovers = (await this.epochs()) - epochsBefore;
    const history = await this.histories();
    const names = [
      ...new Set(history.filter(({ kind }) => kind !== 'list').map(({ name }) => name)),
    ];
    tell(`reading ${names.length} files back at every site`);
    const reading = readBack(this.cluster, names, this.originMs, stopped);
    const back = await Promise.race([reading, whenAborted(stopped)]);
    if (back === 'aborted') return 'stopped';
    wrong.push(...settled.wrong, ...back.wrong);
    for (const site of this.cluster.sites) {
      wrong.push(...(await siteMistakes(site, this.cluster.logFile(site))));
    }
    for (const { findings } of this.groups) {
      wrong.push(...findings.map(({ invariant, message }) => `${invariant}: ${message}`));
    }
    return this.judge({ history, back, settled, planned, conductor, failovers, wrong });
  }

  private async judge(told: {
    readonly history: readonly Operation[];
    readonly back: ReadBack;
    readonly settled: Settled;
    readonly planned: readonly Episode[];
    readonly conductor: Conductor;
    readonly failovers: number;
    readonly wrong: readonly string[];
  }): Promise<RunResult> {
    const { history, back, settled, planned, conductor, failovers, wrong } = told;
    this.options.tell('judging');
    const startMs = performance.now();
    const closing = back.operations.map((operation, index) => ({
      ...operation,
      id: CLIENT_GROUPS * IDS_PER_GROUP + index,
    }));
    const operations = [...history, ...closing];
    const judged = judgeRun(operations, back.copies);
    const { dataFolder, settings } = this.options;
    const { entries, overlaps } = judged;
    await writeFile(join(dataFolder, 'history.jsonl'), stringifyHistory({ operations, entries }));
    const { played } = conductor;
    const playedKinds = countKinds(played);
    const counts = { ...this.counts(), failovers, overlaps };
    const plannedKinds = countKinds(
      planned.map((episode) => ({ episode, beganMs: 0, endedMs: 0, reason: '' })),
    );
    return {
      counts,
      planned,
      played,
      playedKinds,
      settled,
      readBack: back,
      judged,
      judgedMs: performance.now() - startMs,
      findings: judged.findings,
      wrong,
      shortfalls: shortfalls(settings.durationMs, counts, plannedKinds, playedKinds),
    };
  }

  private async startClients(): Promise<void> {
    const client = this.cluster.direct('nyc');
    await this.insist('a bucket', () => client.createBucket(BUCKET));
    await this.insist('versions', () => client.changeBucket(BUCKET, { versioning: 'enabled' }));
    const rights = [{ buckets: '*', level: 'owner' }] as const;
    const made = await client.createKey('chaos', [...rights]);
    if (!made.ok) throw new ChaosFailed(made.message);
    const { id, secret } = made.value;
    for (let group = 0; group < CLIENT_GROUPS; group += 1) {
      this.groups.push(
        new ClientGroup({
          group,
          seed: this.options.settings.seed,
          bucket: BUCKET,
          firstId: group * IDS_PER_GROUP,
          originMs: this.originMs,
          historyFile: this.historyFile(group),
          http: this.cluster.clientEndpoints,
          s3: this.cluster.s3Endpoints,
          key: { accessKeyId: id, secret },
          pauseMs: CLIENT_PAUSE_MS,
        }),
      );
    }
  }

  /** Sites that have just started may not serve yet. */
  private async insist(what: string, ask: () => Promise<object>): Promise<void> {
    for (let tries = 1; tries <= 40; tries += 1) {
      const told = await ask();
      if ('ok' in told && told.ok === true) return;
      if ('outcome' in told && told.outcome === 'committed') return;
      if ('code' in told && told.code === 'bucket_exists') return;
      await pause(250);
    }
    throw new ChaosFailed(`${what} could not be made`);
  }

  private async stopClients(): Promise<string[]> {
    const ended = await Promise.all(this.groups.map((group) => group.stop()));
    return ended.flatMap((isProper, group) =>
      isProper ? [] : [`the clients of group ${group} did not come to a proper end`],
    );
  }

  private async heal(): Promise<void> {
    this.cluster.links.heal();
    await this.cluster.coordinator.heal();
    for (const site of this.cluster.sites) {
      if (this.cluster.child(site).state !== 'ready') await this.keeper.up(site);
      this.keeper.order(site, GOOD_DISK);
    }
  }

  private async histories(): Promise<Operation[]> {
    const operations: Operation[] = [];
    for (let group = 0; group < CLIENT_GROUPS; group += 1) {
      const parsed = parseHistory(await readFile(this.historyFile(group), 'utf8'));
      if (!parsed.ok) throw new Error(`history ${group}, line ${parsed.line}: ${parsed.reason}`);
      operations.push(...parsed.history.operations);
    }
    return operations;
  }

  private historyFile(group: number): string {
    return join(this.options.dataFolder, `clients-${group}.jsonl`);
  }

  /** The sum of all shards' epochs: it grows by one with each change of primary. */
  private async epochs(): Promise<number> {
    const newest = new Map<string, number>();
    for (const site of this.cluster.sites) {
      const told = await this.cluster.direct(site).cluster();
      for (const { shard, epoch } of told.ok ? told.value.shards : []) {
        newest.set(shard, Math.max(epoch, newest.get(shard) ?? 0));
      }
    }
    return [...newest.values()].reduce((sum, epoch) => sum + epoch, 0);
  }

  private counts(): Record<string, number> {
    const sum: Record<string, number> = {};
    for (const { counts } of this.groups) {
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    }
    return sum;
  }

  private progress(): string {
    const { operations = 0, committed = 0, unknown = 0, rejected = 0 } = this.counts();
    return `   ${operations} operations: ${committed} committed, ${rejected} rejected, ${unknown} unknown`;
  }
}

/** What is asked for patiently is not waited for when the run is to end. */
function whenAborted(stopped: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (stopped.aborted) resolve('aborted');
    else stopped.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
