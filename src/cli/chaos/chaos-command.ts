import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readBasePort, SITES } from '../cluster-address.js';
import { EXIT, type ExitCode, UsageError } from '../exit-code.js';
import { type World, write } from '../world.js';
import { ChaosFailed } from './chaos-failed.js';
import { chaosJson, chaosText, isClean } from './chaos-report.js';
import { CLIENT_GROUPS, type RunResult, runChaos } from './chaos-run.js';
import { type ChaosOptions, type ChaosSettings, readSettings } from './chaos-settings.js';
import { planChaos, planText } from './plan.js';

/** `quorate chaos`: status 0 for a clean verdict over enough work only. */
export async function chaos(world: World, options: ChaosOptions): Promise<ExitCode> {
  const settings = readSettings(options, () => randomInt(2 ** 32 - 1));
  const basePort = readBasePort(options.basePort);
  if (options.plan === true) {
    const sites = SITES.map(({ site }) => site);
    const plan = planChaos({ ...settings, sites, clientGroups: CLIENT_GROUPS });
    const text = options.json === true ? JSON.stringify(plan) : planText(plan);
    await write(world.out, `${text}\n`);
    return EXIT.ok;
  }
  const { stopped } = world;
  const dataFolder = await makeFolder(world, options.data);
  const stream = options.json === true ? world.err : world.out;
  let result: RunResult | 'stopped';
  try {
    const tell = (line: string): void => void stream.write(`${line}\n`);
    result = await runChaos({ settings, dataFolder, basePort, tell, stopped });
  } catch (error) {
    if (!(error instanceof ChaosFailed)) throw error;
    await write(world.err, `quorate: ${error.message}\nLogs are in ${join(dataFolder, 'logs')}\n`);
    return EXIT.failed;
  }
  if (result === 'stopped') {
    await write(
      world.err,
      `Stopped before a verdict; data, logs and history are in ${dataFolder}\n`,
    );
    return EXIT.failed;
  }
  return tellVerdict(world, options, settings, result, dataFolder);
}

async function tellVerdict(
  world: World,
  options: ChaosOptions,
  settings: ChaosSettings,
  result: RunResult,
  dataFolder: string,
): Promise<ExitCode> {
  const isKept = !isClean(result) || options.keep === true;
  if (isKept) {
    const faults = result.played.map((each) => JSON.stringify(each)).join('\n');
    await writeFile(join(dataFolder, 'faults.jsonl'), `${faults}\n`);
  } else {
    await rm(dataFolder, { recursive: true, force: true });
  }
  const kept = isKept ? dataFolder : null;
  const text =
    options.json === true ? chaosJson(result, settings, kept) : chaosText(result, settings, kept);
  await write(world.out, `${text}\n`);
  return isClean(result) ? EXIT.ok : EXIT.failed;
}

/** A folder that is empty: what was there before would be judged along with the run. */
async function makeFolder(world: World, asked: string | undefined): Promise<string> {
  if (asked === undefined) return mkdtemp(join(tmpdir(), 'quorate-chaos-'));
  const folder = resolve(world.folder, asked);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new UsageError(`--data: ${folder} is not empty`);
  return folder;
}
