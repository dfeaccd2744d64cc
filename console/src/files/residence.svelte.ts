import { store } from '../app/store.svelte.ts';
import { filePath } from '../api/sdk.ts';
import type { ShardStatus } from '../api/cluster.ts';

const MEANING: Readonly<Record<string, string>> = {
  primary: 'This site is the primary: it asks nobody.',
  lease: 'From this site’s own disk, under a lease: nobody is asked until somebody writes.',
  validated: 'This site asked the primary for the version, and served its own bytes.',
  fetched: 'This site asked the primary, and got the bytes from another site.',
};

/**
 * Where a version is: how this site serves it, and how far the others are. A site holds every file
 * up to the position it has reached in the primary's log.
 */
export class Residence {
  servedBy = $state<string | null>(null);

  constructor(
    private readonly name: string,
    version: number,
  ) {
    if (version > 0) void this.look();
  }

  /** What is known of another site's copy. */
  at(site: string): string {
    const shards = store.cluster?.shards ?? [];
    const known = shards
      .flatMap(({ replicas }: ShardStatus) => replicas)
      .find((one) => one.site === site);
    if (site === store.cluster?.site) return 'on disk here';
    if (known === undefined || known.state === 'current') return 'on disk';
    return known.state === 'away' ? 'away' : `${known.behindEntries} behind`;
  }

  private async look(): Promise<void> {
    try {
      const answer = await fetch(filePath(this.name), { method: 'HEAD', cache: 'no-store' });
      this.servedBy = MEANING[answer.headers.get('quorate-freshness') ?? ''] ?? null;
    } catch {
      this.servedBy = null;
    }
  }
}
