import type { Command } from 'commander';
import { Option } from 'commander';
import type { Failure } from '../client/attempts.js';
import type { HttpClientOptions } from '../client/http-client.js';
import type { WriteResult, WriteSettings } from '../client/write-result.js';
import { HttpClient } from '../client/http-client.js';
import type { SiteEndpoint } from '../client/site-endpoint.js';
import { DEFAULT_BASE_PORT, readAuthorities, readBasePort, readSites } from './cluster-address.js';
import type { ExitCode } from './exit-code.js';
import { EXIT, exitOfFailure, exitOfWrite, UsageError } from './exit-code.js';
import { DEFAULT_DATA_FOLDER, keyFor, localSites } from './own-key.js';
import type { World } from './world.js';
import { write } from './world.js';

export interface ClusterOptions {
  readonly near?: string;
  readonly json?: boolean;
  readonly sites?: string;
  readonly basePort?: string;
  readonly ca?: string;
  readonly key?: string;
  readonly data?: string;
}

const KEY_HELP =
  'access key to show; others on the machine can see it for a moment: QUORATE_KEY is not seen';

/** Adds what every command that speaks to the store understands, and its examples. */
export function storeCommand(
  parent: Command,
  usage: string,
  description: string,
  examples: readonly string[],
): Command {
  return parent
    .command(usage)
    .description(description)
    .option('--near <site>', 'site to ask first (default: the nearest that answers)')
    .option('--json', 'print JSON for programs')
    .addOption(new Option('--sites <list>', 'NAME=URL,… of the sites').env('QUORATE_SITES'))
    .addOption(
      new Option('--ca <file>', "authority of the sites' certificates, in PEM").env('QUORATE_CA'),
    )
    .addOption(
      new Option('--base-port <port>', 'base port of a local cluster').env('QUORATE_BASE_PORT'),
    )
    .addOption(new Option('--key <id.secret>', KEY_HELP).env('QUORATE_KEY'))
    .addOption(
      new Option('--data <folder>', 'data folder of a local cluster, for its key')
        .env('QUORATE_DATA')
        .default(DEFAULT_DATA_FOLDER),
    )
    .addHelpText('after', exampleText(examples));
}

export function exampleText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  $ quorate ${example}`).join('\n')}`;
}

const ADVICE: Readonly<Record<string, string>> = {
  unreachable: '\nIs the cluster running? Start one with: quorate up',
  key_required:
    '\nSay --key, or set QUORATE_KEY; for a cluster of "quorate up" say --data and its folder.',
};

/** One command's way to the store and to its user. */
export class Session {
  readonly world: World;
  readonly json: boolean;
  readonly basePort: number;
  readonly sites: readonly SiteEndpoint[];
  /** Whether the sites are those of `quorate up` on this machine. */
  readonly isLocal: boolean;
  readonly client: HttpClient;
  /** What is shown to the sites; undefined: nothing. */
  readonly key: string | undefined;

  constructor(world: World, options: ClusterOptions) {
    this.world = world;
    this.json = options.json ?? false;
    this.basePort = readBasePort(options.basePort ?? String(DEFAULT_BASE_PORT));
    const authorities = readAuthorities(options.ca, world.folder);
    this.isLocal = (options.sites ?? '') === '';
    const local = this.isLocal ? localSites(world, options, this.basePort) : undefined;
    this.sites = readSites(options.sites, this.basePort, authorities, local);
    const { near } = options;
    if (near !== undefined) requireSite(this.sites, near);
    this.key = keyFor(world, options, this.basePort);
    this.client = this.clientOf({ sites: this.sites, ...(near !== undefined && { near }) });
  }

  /** Another client, with the same key. */
  clientOf(options: Omit<HttpClientOptions, 'key'>): HttpClient {
    return new HttpClient({ ...options, ...(this.key !== undefined && { key: this.key }) });
  }

  line(text: string): Promise<void> {
    return write(this.world.out, `${text}\n`);
  }

  note(text: string): Promise<void> {
    return write(this.world.err, `${text}\n`);
  }

  /** Prints the JSON of a value, or its text, as the user asked. */
  show(value: unknown, text: () => string): Promise<void> {
    return this.line(this.json ? JSON.stringify(value) : text());
  }

  async fail(failure: Failure): Promise<ExitCode> {
    if (this.json) await this.line(JSON.stringify(failure));
    const advice = ADVICE[failure.code] ?? '';
    await this.note(`quorate: ${failure.message} [${failure.code}]${advice}`);
    return exitOfFailure(failure);
  }

  /** Prints what became of a write; `done` is its one line when it was committed. */
  async finish(result: WriteResult, done: (committed: Committed) => string): Promise<ExitCode> {
    if (result.outcome === 'committed') {
      await this.show(result, () => done(result));
      return EXIT.ok;
    }
    if (this.json) await this.line(JSON.stringify(result));
    const { code, message } = result;
    await this.note(
      result.outcome === 'rejected'
        ? `quorate: rejected, nothing was changed: ${message} [${code}]${ADVICE[code] ?? ''}`
        : `quorate: unknown, it may or may not take effect: ${message} [${code}]\n` +
            `Repeat it safely with: --request-id ${result.requestId}`,
    );
    return exitOfWrite(result);
  }
}

export type Committed = Extract<WriteResult, { outcome: 'committed' }>;

export function requireSite(sites: readonly SiteEndpoint[], name: string): SiteEndpoint {
  const found = sites.find(({ site }) => site === name);
  if (found) return found;
  const known = sites.map(({ site }) => site).join(', ');
  throw new UsageError(`there is no site "${name}"; there are ${known}`);
}

export interface ConditionOptions {
  readonly ifVersion?: string;
  readonly ifAbsent?: boolean;
  readonly requestId?: string;
}

/** Adds the options of a write that is repeated or conditional. */
export function withConditions(command: Command): Command {
  return command
    .option('--if-version <n>', 'only if this is the newest version')
    .option('--if-absent', 'only if the file does not exist')
    .option('--request-id <id>', 'repeat an earlier attempt: it takes effect at most once');
}

export function readConditionOptions(options: ConditionOptions): WriteSettings {
  const { ifVersion, ifAbsent, requestId } = options;
  if (ifVersion !== undefined && !/^[1-9]\d{0,14}$/.test(ifVersion)) {
    throw new UsageError(`--if-version ${ifVersion}: it has to be a version, 1 or more`);
  }
  if (requestId !== undefined && !/^[\x21-\x7e]{1,128}$/.test(requestId)) {
    throw new UsageError('--request-id has to be 1 to 128 visible ASCII characters');
  }
  return {
    ...(ifVersion !== undefined && { ifVersion: Number(ifVersion) }),
    ...(ifAbsent === true && { ifAbsent }),
    ...(requestId !== undefined && { requestId }),
  };
}
