import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { splitPem } from '../certificates/credentials.js';
import { readAuthority, renewCertificate } from './certificate-renewal.js';
import type { CommandRunner } from './command-runner.js';
import { EXIT, type ExitCode, UsageError } from './exit-code.js';
import { tableLines } from './figures.js';
import { messageOf } from './folder-transfer.js';
import { exampleText } from './session.js';
import type { World } from './world.js';
import { write } from './world.js';

interface FolderOptions {
  readonly dir: string;
  readonly days?: string;
}

const DAY_MS = 86_400_000;
const DEFAULT_FOLDER = './quorate-cluster';

/** `quorate cert`: the certificates of a folder that `quorate init` made. */
export function addCertificateCommands(program: Command, run: CommandRunner): void {
  const cert = program
    .command('cert')
    .description("show or renew the certificates of a cluster's folder")
    .addHelpText('after', exampleText(['cert show nyc/site.pem', 'cert renew nyc']));
  cert
    .command('show <file...>')
    .description('say of certificates whose they are and until when they are valid')
    .addHelpText('after', exampleText(['cert show /etc/quorate/site.pem', 'cert show */*.pem']))
    .action((files: string[]) => run((world) => show(world, files)));
  cert
    .command('renew <site...>')
    .description('make new certificates and keys for sites, with the same names')
    .option('--dir <folder>', "the cluster's folder, with ca.key", DEFAULT_FOLDER)
    .option('--days <n>', 'how long they are valid (default: 365)')
    .addHelpText('after', exampleText(['cert renew nyc', 'cert renew nyc tor lon --days 90']))
    .action((sites: string[], options: FolderOptions) =>
      run(async (world) => {
        const { readDays } = await import('./init/init-command.js');
        return renew(world, sites, options.dir, readDays(options.days));
      }),
    );
}

async function show(world: World, files: readonly string[]): Promise<ExitCode> {
  const rows: string[][] = [];
  let exit: ExitCode = EXIT.ok;
  for (const file of files) {
    try {
      const texts = splitPem(await readFile(resolve(world.folder, file), 'utf8'));
      if (texts.length === 0) throw new Error('it holds no certificate in PEM');
      for (const text of texts) rows.push([file, ...factsOf(new X509Certificate(text))]);
    } catch (error) {
      await write(world.err, `quorate: ${file}: ${messageOf(error)}\n`);
      exit = EXIT.failed;
    }
  }
  const lines = tableLines([['FILE', 'OF', 'UNTIL', 'DAYS LEFT', 'NAMES'], ...rows]);
  if (rows.length > 0) await write(world.out, `${lines.join('\n')}\n`);
  return exit;
}

function factsOf({ subject, validTo, subjectAltName = '-' }: X509Certificate): string[] {
  const leftDays = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
  return [subject.replace(/^CN=/, ''), isoDay(validTo), String(leftDays), subjectAltName];
}

async function renew(
  world: World,
  sites: readonly string[],
  directory: string,
  days: number,
): Promise<ExitCode> {
  const folder = resolve(world.folder, directory);
  const authority = await readAuthority(folder);
  if (typeof authority === 'string') throw new UsageError(authority);
  for (const site of sites) {
    const names = await readdir(join(folder, site)).catch(() => []);
    const files = names.filter((name) => name.endsWith('.pem') && name !== 'ca.pem').sort();
    if (files.length === 0) throw new UsageError(`${join(folder, site)} holds no certificates`);
    for (const name of files) {
      const certFile = join(folder, site, name);
      const renewed = await renewCertificate(authority, certFile, { nowMs: Date.now(), days });
      if (!renewed.ok) {
        await write(world.err, `quorate: ${renewed.message}\n`);
        return EXIT.failed;
      }
      await write(world.out, `${certFile} is valid until ${isoDay(renewed.certificate.validTo)}\n`);
    }
    await write(
      world.out,
      `Copy them and their keys to ${site}; they are in use there within seconds, without a restart.\n`,
    );
  }
  return EXIT.ok;
}

function isoDay(date: string): string {
  return new Date(date).toISOString().slice(0, 10);
}
