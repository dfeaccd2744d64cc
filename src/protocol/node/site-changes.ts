import type { ClusterSites, Coordinator, Revised, SiteAddress } from '../ports.js';
import type { WriteRequest } from '../request.js';
import type { Timers } from '../timers.js';
import { latestOf } from '../shard/membership.js';
import { advanceChange } from './site-change.js';
import type { ShardDrive } from '../shard-drive.js';
import type { SubmitOutcome } from './outcomes.js';

/** Between two looks at a change that waits for something. */
const LOOK_EVERY_MS = 500;
const STEP_LIMIT_MS = 2000;

/** What is needed of the site. */
export interface ChangingSite {
  readonly config: { readonly site: string };
  readonly ports: { readonly coordinator: Coordinator; readonly timers: Timers };
  readonly drives: ReadonlyMap<string, ShardDrive>;
  nowMs(): number;
  submit(
    shardFor: () => string,
    request: WriteRequest,
    untilMs: number,
    done: (outcome: SubmitOutcome) => void,
  ): void;
}

/**
 * What this site does about sites that come and go: tells its shards who learns and who leaves, and
 * drives a change that is under way. Every site does; the steps may be taken any number of times.
 */
export class SiteChanges {
  private state: Revised<ClusterSites> = { value: null, revision: 0 };
  private watch: { cancel(): void } | null = null;
  private timer: { cancel(): void } | null = null;
  private isBusy = false;
  private isStopped = false;
  /** Called with what is known each time it changes. */
  changed: (sites: ClusterSites) => void = () => {};

  constructor(private readonly node: ChangingSite) {}

  /** As last heard of; null before the first time. */
  get sites(): ClusterSites | null {
    return this.state.value;
  }

  /** Where the site is, if that is not where the configuration files say. */
  addressOf(site: string): SiteAddress | undefined {
    return this.sites?.addresses.find((each) => each.site === site);
  }

  start(): void {
    const { coordinator } = this.node.ports;
    this.watch = coordinator.watch('sites', (_key, current) =>
      this.learn(current as Revised<ClusterSites>),
    );
    coordinator.read('sites', (current) => current !== null && this.learn(current));
  }

  stop(): void {
    this.isStopped = true;
    this.watch?.cancel();
    this.timer?.cancel();
  }

  private learn(current: Revised<ClusterSites>): void {
    if (this.isStopped || current.value === null || current.revision <= this.state.revision) return;
    this.state = current;
    const { sites, change } = current.value;
    const { site } = this.node.config;
    const learners = change?.kind === 'add' ? [change.site] : [];
    const leaving = change?.kind === 'remove' ? [change.site] : [];
    // Its own logs need not have heard of it: it was not sent the end of them.
    if (!sites.includes(site) && !learners.includes(site)) leaving.push(site);
    const roster = { learners, leaving };
    for (const drive of this.node.drives.values()) drive.input({ kind: 'roster', roster });
    this.changed(current.value);
    if (change !== null && sites.includes(site)) this.drive();
  }

  /** One step, and again after a while for as long as there is something to do. */
  private drive(): void {
    if (this.isBusy || this.isStopped || (this.state.value?.change ?? null) === null) return;
    this.isBusy = true;
    const { node } = this;
    const ports = {
      coordinator: node.ports.coordinator,
      shards: [...node.drives.keys()],
      configurationOf: (shard: string) => {
        const drive = node.drives.get(shard);
        if (drive === undefined) throw new Error(`no such shard: ${shard}`);
        return latestOf(drive.state.membership);
      },
      submit: (
        ...[shard, request, done]: Parameters<Parameters<typeof advanceChange>[0]['submit']>
      ) =>
        node.submit(
          () => shard,
          request,
          node.nowMs() + STEP_LIMIT_MS,
          ({ answer }) => done(answer),
        ),
    };
    advanceChange(ports, () => {
      this.isBusy = false;
      if (this.isStopped) return;
      this.timer = node.ports.timers.wake(node.nowMs() + LOOK_EVERY_MS, () => this.drive());
    });
  }
}
