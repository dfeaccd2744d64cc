import type { TableRule } from '../ports.js';
import type { ShardLimits, ShardTiming } from '../shard/config.js';

export interface NodeConfig {
  readonly site: string;
  readonly run: string;
  readonly incarnation: number;
  readonly starts: number;
  readonly sites: readonly string[];
  readonly writeQuorum: number;
  /** For each shard, all sites: its home first, then by nearness to it. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
  /** Incarnations of this site up to this one were given up for another machine. */
  readonly retired?: number;
  readonly initialRules: readonly TableRule[];
  readonly timing: ShardTiming;
  readonly limits: ShardLimits;
  /** Between two attempts to reach a primary. */
  readonly retryMs: number;
  /** Whether strong reads take leases; without, each asks the primary. */
  readonly leases: boolean;
  /** Requests of this site's clients that may be under way at once. */
  readonly requestLimit: number;
}
