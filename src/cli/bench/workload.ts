import { availableParallelism } from 'node:os';
import type { BenchCluster } from './bench-cluster.js';
import type { Figure } from './figure.js';

export interface BenchSettings {
  /** How long one measurement lasts. */
  readonly secondsEach: number;
  /** Tells what goes on while it takes long. */
  readonly say: (text: string) => void;
  /** Where the cluster's data is. */
  readonly dataFolder: string;
}

/** Something that is done to a cluster of its own, and measured. */
export interface Workload {
  readonly name: string;
  readonly summary: string;
  /** The emulated round trips it is meant for; as `--wan` takes them. */
  readonly wan: 'on' | 'off';
  run(cluster: BenchCluster, settings: BenchSettings): Promise<Figure[]>;
}

export const PROCESSORS = availableParallelism();
