import type { Command } from 'commander';
import { addCertificateCommands } from '../certificate-commands.js';
import type { CommandRunner } from '../command-runner.js';
import type { DoctorOptions } from '../doctor/doctor-command.js';
import { exampleText } from '../session.js';
import { DEFAULT_DATA_FOLDER } from './cluster-layout.js';
import type { InitOptions } from './init-command.js';

/** What makes a cluster of several machines, and looks after what was made. */
export function addInitCommands(program: Command, run: CommandRunner): void {
  program
    .command('init')
    .description('write configurations, certificates and units for sites on separate machines')
    .requiredOption(
      '--site <id=address>',
      'a site and where the others find it; once for each',
      (each: string, all: readonly string[] = []) => [...all, each],
    )
    .option('--out <folder>', 'where they are written; it has to be new', './quorate-cluster')
    .option('--data <folder>', 'where each site keeps its data', DEFAULT_DATA_FOLDER)
    .option('--base-port <port>', 'HTTP is 11 above it, S3 12, other sites 19', '7400')
    .option('--days <n>', 'how long certificates are valid (default: 365)')
    .addHelpText(
      'after',
      exampleText([
        'init --site nyc=10.0.0.1 --site tor=10.0.0.2 --site lon=10.0.0.3',
        'init --site a=a.example.org --site b=b.example.org --site c=c.example.org --out ./c1',
      ]),
    )
    .action((options: InitOptions) =>
      run(async (world) => {
        const { init } = await import('./init-command.js');
        return init(world, options);
      }),
    );
  program
    .command('doctor')
    .description('look at all that a site needs, and say what to do; changes nothing')
    .option(
      '--config <file>',
      "the site's configuration; without it only this machine is looked at",
    )
    .option('--json', 'print JSON for programs')
    .addHelpText('after', exampleText(['doctor', 'doctor --config /etc/quorate/nyc.toml']))
    .action((options: DoctorOptions) =>
      run(async (world) => {
        const { doctor } = await import('../doctor/doctor-command.js');
        return doctor(world, options);
      }),
    );
  addCertificateCommands(program, run);
}
