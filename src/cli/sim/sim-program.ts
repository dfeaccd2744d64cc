import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { exampleText } from '../session.js';
import type { SimOptions } from './sim-settings.js';

const HELP = `
Each seed is one run of a whole cluster of the real protocol code, in virtual time, with everything
that can go wrong, judged for linearizability and the other invariants. The same seed is the same
run: every tenth of a batch is run twice and compared. Status 0 means a clean verdict only.`;

function collect(text: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, text];
}

/** `quorate sim` and `quorate sim check`. */
export function addSimCommand(program: Command, run: CommandRunner): void {
  const sim = program
    .command('sim')
    .description('run the real protocol code in a simulated world and judge what it did')
    .option('--seed <n>', 'run this seed, or a batch from it on')
    .option('--seeds <count>', 'run so many seeds (100 where nothing else is said)')
    .option('--minutes <m>', 'run as many seeds as fit into so many minutes')
    .option('--sites <n>', 'sites of the cluster, 3 to 7')
    .option('--only <kinds>', 'only these faults: network,disk,clock,process,coordinator (or none)')
    .option(
      '--set <option=value>',
      'pin an option that a report names; may be repeated',
      collect,
      [],
    )
    .option('--trace <file>', 'write the whole run of one seed as JSON lines')
    .option('--jobs <n>', 'processes that run seeds (default: one per core, four at most)')
    .option('--mutants [ids]', 'plant known mistakes in the code, and see that each is found')
    .option(
      '--explore [bounds]',
      'every interleaving within bounds: small (the default), full, timed',
    )
    .option('--json', 'print JSON for programs')
    .addHelpText('after', HELP)
    .addHelpText(
      'after',
      exampleText([
        'sim',
        'sim --seeds 2000',
        'sim --seed 19 --trace run.jsonl',
        'sim --minutes 30 --only network,process',
        'sim --mutants',
        'sim --explore',
        'sim check history.jsonl',
      ]),
    )
    .action((options: SimOptions) =>
      run(async (world) => {
        const { simulate } = await import('./sim-command.js');
        return simulate(world, options);
      }),
    );
  sim
    .command('check <history>')
    .description('judge a history recorded elsewhere: JSON lines, one call of one client each')
    .option('--json', 'print JSON for programs')
    .addHelpText(
      'after',
      exampleText(['sim check history.jsonl', 'sim check history.jsonl --json']),
    )
    .action((file: string, options: { readonly json?: boolean }, command: Command) =>
      run(async (world) => {
        const { checkHistory } = await import('./check-history.js');
        const { json } = command.optsWithGlobals<{ readonly json?: boolean }>();
        return checkHistory(world, file, options.json ?? json ?? false);
      }),
    );
}
