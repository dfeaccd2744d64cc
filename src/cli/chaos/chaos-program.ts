import type { Command } from 'commander';
import type { CommandRunner } from '../command-runner.js';
import { exampleText } from '../session.js';
import type { ChaosOptions } from './chaos-settings.js';

const HELP = `
Three real site processes on this machine, with a proxy between them that delays, slows, stalls and
cuts; clients of every interface that write down what they see; and a plan of faults that one number
decides. At the end everything is healed, compared, scrubbed and read back, and the simulator's judges
look at what was written down. Status 0 means a clean verdict over enough work.
Faults: process, network, clients, disk, coordinator (or none). See docs/chaos.md.`;

/** `quorate chaos`. */
export function addChaosCommand(program: Command, run: CommandRunner): void {
  program
    .command('chaos')
    .description(
      'run three real sites, let everything go wrong that may, and judge what clients saw',
    )
    .option('--minutes <m>', 'how long things go wrong', '2')
    .option('--seed <n>', 'which plan of faults (default: a new one)')
    .option('--only <groups>', 'only these groups of faults, separated by commas')
    .option('--plan', 'print the plan and do nothing')
    .option('--coordinator <kind>', 'embedded, or etcd: a member for each site', 'embedded')
    .option('--data <folder>', 'where everything is kept (default: a temporary folder)')
    .option('--keep', 'keep data, logs and history after a clean verdict, too')
    .option('--base-port <port>', 'the ports up to 79 above it are used', '7900')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', HELP)
    .addHelpText(
      'after',
      exampleText([
        'chaos',
        'chaos --minutes 60 --coordinator etcd',
        'chaos --seed 7 --plan',
        'chaos --seed 7 --only network,process --keep',
      ]),
    )
    .action((options: ChaosOptions) =>
      run(async (world) => {
        const { chaos } = await import('./chaos-command.js');
        return chaos(world, options);
      }),
    );
}
