import type { LeaseCounts } from './status-types.js';
import type { ShardEvent } from '../protocol/shard/effects.js';

/** Adds up what leases cost the writes of this site's shards. */
export class LeaseCounter {
  private waitedWrites = 0;
  private waitedMs = 0;
  private lapsedHolders = 0;
  private evicted = 0;

  /** Other events are none of its business. */
  note(event: ShardEvent): void {
    if (event.kind === 'lease-evicted') this.evicted += 1;
    if (event.kind !== 'write-passed') return;
    if (event.waitedMs > 0) this.waitedWrites += 1;
    this.waitedMs += event.waitedMs;
    this.lapsedHolders += event.lapsed;
  }

  counts(sessions: number, reads: LeaseCounts['reads']): LeaseCounts {
    const { waitedWrites, waitedMs, lapsedHolders, evicted } = this;
    return { sessions, reads: { ...reads }, waitedWrites, waitedMs, lapsedHolders, evicted };
  }
}
