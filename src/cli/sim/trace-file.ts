import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { type SeedSettings, planOfSeed } from '../../simulator/batch/seed-run.js';
import { traceRun } from '../../simulator/world/traced-run.js';
import { UsageError } from '../exit-code.js';
import type { World } from '../world.js';

/** Writes the whole run of a seed; docs/simulation.md has the format. */
export async function traceSeed(
  world: World,
  file: string,
  seed: number,
  settings: SeedSettings,
): Promise<void> {
  const stream = createWriteStream(resolve(world.folder, file));
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${(error as Error).message}`);
  }
  const line = (value: object): void => {
    stream.write(`${JSON.stringify(value, brief)}\n`);
  };
  traceRun(planOfSeed(seed, settings), line);
  stream.end();
  await once(stream, 'close');
}

/** Bytes are told by their number. */
function brief(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { byteLength: value.length } : value;
}
