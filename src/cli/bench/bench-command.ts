import type { World } from '../world.js';
import { write } from '../world.js';

export interface BenchOptions {
  readonly world: World;
  readonly workload?: string;
  readonly json?: boolean;
  readonly wan?: string;
  readonly basePort: string;
  readonly data?: string;
  readonly seconds?: string;
}

/** `quorate bench`: gives the exit status. */
export async function runBench(options: BenchOptions): Promise<number> {
  await write(options.world.err, 'quorate: there is no workload to run\n');
  return 1;
}
