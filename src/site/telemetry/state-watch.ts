import type { ClusterStatus, ReplicaStatus } from '../status-types.js';
import type { Report } from './site-log.js';

const STEP_MS = 500;

type ReplicaState = ReplicaStatus['state'];

/** Looks at the site's state now and then and tells operators of what changed in between. */
export class StateWatch {
  private timer: NodeJS.Timeout | null = null;
  private readonly replicas = new Map<string, ReplicaState>();
  private repairs = 0;
  private hadQuorum = true;

  constructor(
    private readonly status: () => ClusterStatus,
    private readonly report: Report,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.look(), STEP_MS).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  look(): void {
    const status = this.status();
    this.lookAtQuorum(status);
    this.lookAtRepairs(status);
    const seen = new Set<string>();
    for (const { shard, replicas } of status.shards) {
      for (const replica of replicas) {
        const key = `${shard}/${replica.site}`;
        seen.add(key);
        this.lookAtReplica(shard, replica, this.replicas.get(key));
        this.replicas.set(key, replica.state);
      }
    }
    // Of shards that this site is not the primary of any more it knows nothing.
    for (const key of this.replicas.keys()) if (!seen.has(key)) this.replicas.delete(key);
  }

  private lookAtQuorum({ sites, writeQuorum }: ClusterStatus): void {
    const reached = sites.filter(isReached).length;
    const hasQuorum = reached >= writeQuorum;
    if (hasQuorum === this.hadQuorum) return;
    this.hadQuorum = hasQuorum;
    const fields = { reached, needed: writeQuorum };
    if (hasQuorum)
      this.report('reaches enough sites for writes again', { event: 'quorum-back', fields });
    else {
      const message = 'reaches too few sites: writes and strong reads are refused here';
      this.report(message, { event: 'quorum-lost', level: 'warn', fields });
    }
  }

  private lookAtRepairs({ repairs, upkeep }: ClusterStatus): void {
    const all = repairs + (upkeep?.scrub.repaired ?? 0);
    const more = all - this.repairs;
    this.repairs = all;
    if (more <= 0) return;
    const message = `${more} damaged pieces were replaced by good copies`;
    this.report(message, { event: 'repaired', level: 'warn', fields: { pieces: more } });
  }

  private lookAtReplica(
    shard: string,
    { site, state, behindEntries }: ReplicaStatus,
    before: ReplicaState | undefined,
  ): void {
    if (before === state || before === undefined) return;
    const fields = { replica: site, state, behindEntries };
    const wasBehind = isBehind(before);
    if (isBehind(state) && !wasBehind) {
      const message = `${site} is catching up on the files of ${shard}`;
      this.report(message, { event: 'catch-up-begun', shard, fields });
    } else if (state === 'current' && wasBehind) {
      const message = `${site} has caught up on the files of ${shard}`;
      this.report(message, { event: 'catch-up-ended', shard, fields });
    }
  }
}

function isBehind(state: ReplicaState): boolean {
  return state === 'catching_up' || state === 'joining' || state === 'snapshot';
}

/** Whether it is one of those sites in touch of which so many make a write quorum. */
export function isReached({ alive, counts }: ClusterStatus['sites'][number]): boolean {
  return alive && counts !== false;
}
