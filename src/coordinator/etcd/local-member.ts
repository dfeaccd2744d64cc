import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import type { EtcdTls } from './etcd-config.js';
import { openSecrets } from './etcd-secrets.js';
import { type CallResult, MemberConnection } from './member-connection.js';

/** Where one member of etcd stands. */
export interface MemberPlan {
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** What the other members are told to connect to; its own peer port when not given. */
  readonly peerUrl?: string;
  /** Words that start the program elsewhere, such as `ip netns exec NAME`. */
  readonly before?: readonly string[];
}

export interface MemberOptions extends MemberPlan {
  /** Holds the member's data and its log `NAME.log`. */
  readonly folder: string;
  /** `NAME=URL` of all members. */
  readonly initialCluster: string;
  readonly heartbeatMs: number;
  readonly electionMs: number;
  /** For clients and members alike; the certificate is good for servers and for clients. */
  readonly tls?: EtcdTls;
}

const ASK_EVERY_MS = 20;
const ASK_LIMIT_MS = 1000;
const CALL_LIMIT_MS = 10_000;
const START_LIMIT_MS = 60_000;
const LOG_TAIL_CHARACTERS = 1000;

const running = new Set<ChildProcess>();

function killRunning(): void {
  for (const child of running) child.kill('SIGKILL');
}

/** One etcd process of this machine. Killed, at the latest, when this process exits. */
export class LocalMember {
  readonly name: string;
  readonly endpoint: string;
  #process: ChildProcess | null = null;

  constructor(private readonly options: MemberOptions) {
    const { name, host, clientPort, tls } = options;
    this.name = name;
    this.endpoint = `${tls ? 'https' : 'http'}://${host}:${clientPort}`;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get logFile(): string {
    return join(this.options.folder, `${this.name}.log`);
  }

  /** Starts the process on what its folder holds; it may take a while until it answers. */
  async launch(): Promise<void> {
    if (this.#process !== null) throw new Error(`the etcd member ${this.name} runs already`);
    await mkdir(this.options.folder, { recursive: true });
    const [program = 'etcd', ...given] = [
      ...(this.options.before ?? []),
      'etcd',
      ...memberArguments(this.options),
    ];
    const log = openSync(this.logFile, 'a');
    const child = spawn(program, given, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#process = child;
    if (running.size === 0) process.on('exit', killRunning);
    running.add(child);
    const ended = (): void => {
      this.#process = null;
      running.delete(child);
      if (running.size === 0) process.off('exit', killRunning);
    };
    child.once('exit', ended);
    child.once('error', ended);
  }

  /** Resolves once it has a leader and can read; rejects when the process ends before. */
  async ready(limitMs = START_LIMIT_MS): Promise<void> {
    const untilMs = performance.now() + limitMs;
    while ((await this.ask('/health'))?.includes('"true"') !== true) {
      if (this.#process === null) {
        throw new Error(`the etcd member ${this.name} has ended: ${await this.#logTail()}`);
      }
      if (performance.now() > untilMs)
        throw new Error(`${this.name} has no quorum: ${this.logFile}`);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }

  async isLeader(): Promise<boolean> {
    return /^etcd_server_is_leader 1$/m.test((await this.ask('/metrics')) ?? '');
  }

  /** It keeps its memory and its connections, and does nothing until `resume`. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** At once, as by a power cut; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** As by the system's service manager. */
  async stop(): Promise<void> {
    this.resume();
    await this.#end('SIGTERM');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (child === null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** One call of its API, as a client of its own. */
  async call(method: string, request: Uint8Array): Promise<CallResult> {
    const opened = await openSecrets(this.options.tls, () => undefined);
    if (!opened.ok) return { ok: false, sent: false, code: null, message: opened.message };
    const connection = new MemberConnection(this.endpoint, opened.secrets);
    const result = await connection.call(method, request, CALL_LIMIT_MS);
    connection.close();
    opened.secrets.close();
    return result;
  }

  /** The text that its client port serves under a path; null for every failure. */
  ask(path: string): Promise<string | null> {
    const { tls } = this.options;
    const send = tls === undefined ? httpRequest : httpsRequest;
    return new Promise((resolve) => {
      const files = tls === undefined ? Promise.resolve({}) : readTls(tls);
      void files.then((secrets) => {
        const url = `${this.endpoint}${path}`;
        const limit = { timeout: ASK_LIMIT_MS, agent: false as const };
        const request = send(url, { ...secrets, ...limit }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => (text += part));
          response.on('error', () => resolve(null));
          response.on('end', () => resolve(response.statusCode === 200 ? text : null));
        });
        request.on('timeout', () => request.destroy());
        request.on('error', () => resolve(null));
        request.on('close', () => resolve(null));
        request.end();
      });
    });
  }

  async #logTail(): Promise<string> {
    const log = await readFile(this.logFile, 'utf8').catch(() => '');
    return log.slice(-LOG_TAIL_CHARACTERS);
  }
}

async function readTls({ caFile, certFile, keyFile }: EtcdTls): Promise<object> {
  const read = async (file: string | undefined): Promise<Buffer | undefined> =>
    file === undefined ? undefined : await readFile(file);
  return { ca: await read(caFile), cert: await read(certFile), key: await read(keyFile) };
}

function memberArguments(options: MemberOptions): string[] {
  const { name, folder, host, clientPort, peerPort, initialCluster, tls } = options;
  const scheme = tls === undefined ? 'http' : 'https';
  const client = `${scheme}://${host}:${clientPort}`;
  const peer = `${scheme}://${host}:${peerPort}`;
  return [
    ...['--name', name, '--data-dir', join(folder, name)],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', options.peerUrl ?? peer],
    ...['--initial-cluster', initialCluster, '--initial-cluster-state', 'new'],
    ...['--heartbeat-interval', `${options.heartbeatMs}`],
    ...['--election-timeout', `${options.electionMs}`],
    ...['--pre-vote', '--auto-compaction-mode', 'revision', '--auto-compaction-retention', '1000'],
    ...['--logger', 'zap', '--log-level', 'warn'],
    ...(tls === undefined ? [] : tlsArguments(tls)),
  ];
}

function tlsArguments({ caFile, certFile, keyFile }: EtcdTls): string[] {
  return ['', 'peer-'].flatMap((whom) => [
    ...(caFile === undefined
      ? []
      : [`--${whom}trusted-ca-file`, caFile, `--${whom}client-cert-auth`]),
    ...(certFile === undefined ? [] : [`--${whom}cert-file`, certFile]),
    ...(keyFile === undefined ? [] : [`--${whom}key-file`, keyFile]),
  ]);
}
