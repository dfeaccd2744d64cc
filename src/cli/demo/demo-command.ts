import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readBasePort } from '../cluster-address.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT } from '../exit-code.js';
import { readWan } from '../up/cluster-plan.js';
import type { Supervisor } from '../up/supervisor.js';
import { startSupervisor } from '../up/supervisor.js';
import { siteCommand } from '../up/up-command.js';
import type { World } from '../world.js';
import { write } from '../world.js';
import { DemoCluster } from './demo-cluster.js';
import type { DemoFile } from './demo-files.js';
import { OWN_FILES, readDemoFiles } from './demo-files.js';
import { Narrator } from './narrator.js';
import type { Stage } from './scenes.js';
import * as cacheScenes from './cache-scenes.js';
import * as scenes from './scenes.js';

export interface DemoOptions {
  readonly files?: string;
  readonly wan: string;
  readonly basePort: string;
}

/** `quorate demo`: three real sites on real disks, real files, and checks that have to hold. */
export async function demo(world: World, options: DemoOptions): Promise<ExitCode> {
  const wan = readWan(options.wan);
  const basePort = readBasePort(options.basePort);
  const { files: given } = options;
  const files = given === undefined ? OWN_FILES : await readDemoFiles(resolve(world.folder, given));
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-demo-'));
  const { stopped } = world;
  let supervisor: Supervisor | undefined;
  try {
    const started = await startSupervisor({
      dataFolder,
      basePort,
      wan,
      fsync: true,
      siteCommand: siteCommand(),
      report: (message) => {
        world.err.write(`quorate: ${message}\n`);
      },
    });
    if (!started.ok) {
      await write(world.err, `quorate: ${started.message}\n`);
      return EXIT.failed;
    }
    ({ supervisor } = started);
    await write(world.out, `Three sites run, their data in ${dataFolder} until the end.\n`);
    return await play(world, supervisor, files, stopped);
  } finally {
    await supervisor?.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function play(
  world: World,
  supervisor: Supervisor,
  files: readonly DemoFile[],
  stopped: AbortSignal,
): Promise<ExitCode> {
  const cluster = new DemoCluster(supervisor);
  const narrator = new Narrator(world);
  const stage = await prepare(cluster, narrator, files);
  const story = [
    scenes.everywhere,
    scenes.nearest,
    scenes.writeThrough,
    scenes.oneSiteDown,
    scenes.primaryKilled,
    scenes.twoSitesDown,
    scenes.staleReplica,
    cacheScenes.pushedInvalidation,
    cacheScenes.vanishedClient,
    cacheScenes.partitionedClient,
    scenes.sameInTheEnd,
  ];
  for (const scene of story) {
    if (stopped.aborted) return EXIT.failed;
    if (stage) await scene(stage);
  }
  const { failed, checks } = narrator;
  const verdict =
    failed.length === 0
      ? `All ${checks} checks hold.`
      : `${failed.length} of ${checks} checks FAILED:\n${failed.map((one) => `  ${one}`).join('\n')}`;
  await write(world.out, `\n${verdict}\n`);
  return failed.length === 0 && stage ? EXIT.ok : EXIT.failed;
}

async function prepare(
  cluster: DemoCluster,
  narrator: Narrator,
  files: readonly DemoFile[],
): Promise<Stage | null> {
  const client = cluster.near('nyc');
  const made = await client.createBucket('demo');
  await narrator.check('a bucket is made', made.outcome === 'committed');
  for (const { name, bytes } of files) {
    const put = await client.put(name, bytes);
    if (put.outcome === 'committed') continue;
    await narrator.check(`${name} is stored: ${put.message}`, false);
    return null;
  }
  const subject = files[0]?.name ?? '';
  const found = await client.primaryOf(subject);
  if (!found.ok) {
    await narrator.check(`${subject} has a primary: ${found.message}`, false);
    return null;
  }
  const { home } = found.value;
  const [near = '', far = ''] = cluster.sites.filter((site) => site !== home);
  return { cluster, narrator, files, subject, home, others: [near, far] };
}
