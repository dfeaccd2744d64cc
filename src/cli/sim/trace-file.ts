import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { type SeedSettings, planOfSeed } from '../../simulator/batch/seed-run.js';
import { TRACE_VERSION, Tracer } from '../../simulator/world/tracer.js';
import { runPlan } from '../../simulator/world/run.js';
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
  const plan = planOfSeed(seed, settings);
  line({ type: 'trace', version: TRACE_VERSION, seed, options: plan.options });
  const result = runPlan(plan, new Tracer(line));
  for (const entry of result.history.entries ?? []) line({ type: 'entry', ...entry });
  for (const operation of result.history.operations) line({ type: 'operation', ...operation });
  for (const finding of result.findings) line({ type: 'finding', ...finding });
  const { simulatedMs, events, hash } = result;
  line({ type: 'end', atMs: simulatedMs, events, hash });
  stream.end();
  await once(stream, 'close');
}

/** Bytes are told by their number. */
function brief(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { byteLength: value.length } : value;
}
