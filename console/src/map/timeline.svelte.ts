import type { ClusterStatus } from '../api/cluster.ts';
import { store } from '../app/store.svelte.ts';
import type { LiveCluster } from './live-cluster.svelte.ts';

export interface TimelineEvent {
  readonly id: number;
  readonly at: Date;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly text: string;
}

const LIMIT = 200;

/** What changed in the cluster since this page looks on, newest first. */
export class Timeline {
  events = $state.raw<readonly TimelineEvent[]>([]);
  private nextId = 1;
  private readonly known = new Map<string, string>();

  look(cluster: ClusterStatus, live: LiveCluster): void {
    for (const { site, displayName, alive } of cluster.sites) {
      const isUp = alive && !live.silent.has(site);
      this.compare(`site ${site}`, isUp ? 'up' : 'away', (now) =>
        now === 'up' ? [`${displayName} is back`, 'good'] : [`${displayName} is away`, 'bad'],
      );
    }
    for (const own of cluster.shards) {
      const shard = live.shard(own.shard) ?? own;
      const files = `the files of ${store.nameOf(shard.home || shard.shard)}`;
      const leader = shard.primary === '' ? '' : `${shard.primary} ${shard.epoch}`;
      this.compare(`primary ${own.shard}`, leader, () =>
        shard.primary === ''
          ? [`Nobody acts for ${files}`, 'bad']
          : [`${store.nameOf(shard.primary)} acts for ${files}, epoch ${shard.epoch}`, 'plain'],
      );
      for (const replica of shard.replicas) {
        this.compare(`replica ${own.shard} ${replica.site}`, replica.state, (now) => {
          const where = `${store.nameOf(replica.site)}: ${files}`;
          if (now === 'current') return [`${where} are current`, 'good'];
          if (now === 'catching_up') return [`${where} are being caught up`, 'plain'];
          return now === 'snapshot' ? [`${where} come as a snapshot`, 'plain'] : null;
        });
      }
    }
    for (const [site, { repairs, storageFailure }] of live.statuses) {
      this.compare(`repairs ${site}`, String(repairs), () => [
        `${store.nameOf(site)} has repaired damaged content`,
        'plain',
      ]);
      this.compare(`storage ${site}`, storageFailure ?? '', (now) =>
        now === '' ? null : [`${store.nameOf(site)}: the disk refuses: ${now}`, 'bad'],
      );
    }
  }

  private compare(
    key: string,
    now: string,
    tell: (now: string) => readonly [string, TimelineEvent['tone']] | null,
  ): void {
    const before = this.known.get(key);
    if (before === now) return;
    this.known.set(key, now);
    const told = before === undefined ? null : tell(now);
    if (told === null) return;
    const [text, tone] = told;
    this.events = [{ id: this.nextId++, at: new Date(), text, tone }, ...this.events].slice(
      0,
      LIMIT,
    );
  }
}
