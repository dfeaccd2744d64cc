import { readFileSync } from 'node:fs';
import { Option, Command } from 'commander';
import { addBackupCommands } from './backup/backup-command.js';
import { addStatusCommand, addPrimaryCommand, addSiteCommand } from './cluster-commands.js';
import { addBucketSettingsCommand } from './bucket-settings-command.js';
import { addChaosCommand } from './chaos/chaos-program.js';
import type { CommandRunner } from './command-runner.js';
import { addEventsCommand } from './events-command.js';
import { EXIT_HELP } from './exit-code.js';
import { addAuditCommand } from './audit-command.js';
import { addKeyCommands } from './key-commands.js';
import { addBucketCommands, addNameCommands } from './name-commands.js';
import { addInitCommands } from './init/init-program.js';
import { exampleText } from './session.js';
import type { RunSite } from './site-command.js';
import { addShareCommand } from './share-command.js';
import { addSimCommand } from './sim/sim-program.js';
import { addTransferCommands } from './transfer-commands.js';
import { addAddCommand } from './sites/add-command.js';
import { addRemoveCommands } from './sites/remove-command.js';
import { addReplaceCommand } from './sites/replace-command.js';
import { addTopCommand } from './top/top-command.js';
import { addUpkeepCommands } from './upkeep-commands.js';
import type { World } from './world.js';

/** The whole command line; `run` is called by the command that was chosen. */
export function buildProgram(world: World, run: CommandRunner, runSite: RunSite): Command {
  const program = new Command('quorate')
    .description('A geo-replicated file store: every file on every site, every read fresh.')
    .version(packageVersion())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.out.write(text),
      writeErr: (text) => world.err.write(text),
      // What stands behind a misspelt option may be a secret.
      outputError: (text, write) => write(text.replace(/(unknown option '-[^'=]*)=.*'/s, "$1=…'")),
    })
    .showHelpAfterError('(add --help for what can be said here)')
    .addHelpText(
      'after',
      `${exampleText(['up', 'mb docs', 'put report.pdf docs/', 'cat docs/file1.txt', 'status', 'demo'])}
${EXIT_HELP}`,
    );
  addUpCommand(program, run);
  const site = addSiteCommand(program, run, runSite);
  addAddCommand(site, run);
  addRemoveCommands(site, run);
  addReplaceCommand(site, run);
  addInitCommands(program, run);
  addTransferCommands(program, run);
  addNameCommands(program, run);
  addBucketCommands(program, run);
  addBucketSettingsCommand(program, run);
  addKeyCommands(program, run);
  addShareCommand(program, run);
  addAuditCommand(program, run);
  addStatusCommand(program, run);
  addTopCommand(program, run);
  addPrimaryCommand(program, run);
  addUpkeepCommands(program, run);
  addBackupCommands(program, run);
  addEventsCommand(program, run);
  addDemoCommand(program, run);
  addBenchCommand(program, run);
  addSimCommand(program, run);
  addChaosCommand(program, run);
  return program;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

function addUpCommand(program: Command, run: CommandRunner): void {
  program
    .command('up')
    .description('start three sites on this machine and run them until Ctrl-C')
    .option('--data <folder>', 'where everything is kept', './.quorate')
    .option('--wan <links>', 'emulated round trips: on, off, or links like nyc-lon=100', 'on')
    .option('--base-port <port>', 'the ports up to 39 above it are used', '7400')
    .option('--no-fsync', 'for measurements only: what is acknowledged can be lost')
    .addOption(coordinatorOption())
    .addHelpText(
      'after',
      exampleText([
        'up',
        'up --data /srv/quorate',
        'up --wan off',
        'up --coordinator etcd --data ./on-etcd',
        'up --wan nyc-lon=100,tor-lon=120',
      ]),
    )
    .action((options) =>
      run(async (world) => {
        const { up } = await import('./up/up-command.js');
        return up(world, options);
      }),
    );
}

/** Which coordinator a cluster on this machine is started with. */
function coordinatorOption() {
  return new Option('--coordinator <kind>', 'embedded, or an etcd of three processes (installed)')
    .choices(['embedded', 'etcd'] as const)
    .default('embedded' as const);
}

function addDemoCommand(program: Command, run: CommandRunner): void {
  program
    .command('demo')
    .description('start a cluster, show on real files what it promises, and check it')
    .option('--files <folder>', 'use the files of this folder instead of three small texts')
    .option('--wan <links>', 'emulated round trips: on, off, or links like nyc-lon=100', 'on')
    .option('--base-port <port>', 'the ports up to 39 above it are used', '7600')
    .addHelpText('after', exampleText(['demo', 'demo --files ./photos', 'demo --wan off']))
    .action((options) =>
      run(async (world) => {
        const { demo } = await import('./demo/demo-command.js');
        return demo(world, options);
      }),
    );
}

/** The workloads by name; an unknown name is answered with a line on each. */
const BENCH_HELP = `
Workloads: write-latency, write-throughput, read-throughput, large-file, edited-file,
parallel-uploads, failover, planned-stop, rolling-restart, catch-up, many-files; of leases and clients' caches: cached-reads (a client's own memory),
leased-reads (a site's lease), cached-writes (what caches cost a write), read-mix, vanished (a client
or site that answers no more), client-memory.

A figure beside a goal is met or MISSED; with one missed the command fails.`;

function addBenchCommand(program: Command, run: CommandRunner): void {
  program
    .command('bench [workloads...]')
    .description('start a cluster, run named workloads (default: all) and print their figures')
    .option('--json', 'print JSON for programs')
    .option('--wan <links>', 'other emulated round trips than the workload is meant for')
    .option('--base-port <port>', 'the ports up to 39 above it are used', '7800')
    .option('--data <folder>', 'where the cluster keeps its files (default: a temporary folder)')
    .option('--seconds <n>', 'how long each measurement lasts', '10')
    .addOption(coordinatorOption())
    .addHelpText(
      'after',
      `${exampleText([
        'bench',
        'bench write-latency',
        'bench cached-reads leased-reads --json',
        'bench failover --coordinator etcd',
      ])}
${BENCH_HELP}`,
    )
    .action((workloads, options) =>
      run(async (world) => {
        const { runBench } = await import('./bench/bench-command.js');
        return runBench({ ...options, workloads, world });
      }),
    );
}
