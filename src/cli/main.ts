import { CommanderError } from 'commander';
import type { RunningSite } from '../site/running-site.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, UsageError } from './exit-code.js';
import { buildProgram } from './program.js';
import type { RunSite } from './site-command.js';
import { prepareSiteHeap } from './site-heap.js';
import type { World } from './world.js';
import { processWorld, write } from './world.js';

/** Runs one command line, without the program's own name, and gives its exit status. */
export async function main(
  words: readonly string[],
  world: World = processWorld(),
  runSite: RunSite = runRealSite,
): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const program = buildProgram(
    world,
    async (body) => {
      exit = await body(world);
    },
    runSite,
  );
  try {
    await program.parseAsync(words, { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 || error.code === 'commander.help' ? EXIT.ok : EXIT.usage;
    }
    if (error instanceof UsageError) {
      await write(world.err, `quorate: ${error.message}\n`);
      return EXIT.usage;
    }
    throw error;
  }
}

/** Loaded only by the process of a site: the other commands need none of it. */
async function runRealSite(...start: Parameters<RunSite>): Promise<RunningSite> {
  prepareSiteHeap();
  const { runSite } = (await import(RUN_SITE_MODULE)) as { runSite: RunSite };
  return runSite(...start);
}

const RUN_SITE_MODULE: string = '../site/run-site.js';
