import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BenchFailed } from './bench-cluster.js';
import { SessionAnswer, type SessionCommand } from './session-job.js';

const PROGRAM = fileURLToPath(new URL('./session-process.js', import.meta.url));

/** A process full of clients with caches, as who measures sees it. */
export class SessionLoad {
  readonly #child: ChildProcess;
  #frozen = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Starts the process with this many clients at each of the ports. */
  static async start(
    ports: readonly number[],
    sessions: number,
    entries = 10_000,
  ): Promise<SessionLoad> {
    const load = new SessionLoad(fork(PROGRAM, [], { stdio: 'inherit' }));
    try {
      await load.open(ports, sessions, entries);
    } catch (error) {
      await load.end();
      throw error;
    }
    return load;
  }

  async open(ports: readonly number[], sessions: number, entries: number): Promise<void> {
    await this.#tell({ kind: 'open', ports: [...ports], sessions, entries }, 'opened');
  }

  /** Every client reads and keeps these files; gives how many entries that are. */
  async keep(
    prefix: string,
    names: number,
    mode: 'strong' | 'validate' = 'strong',
  ): Promise<number> {
    return (await this.#tell({ kind: 'keep', prefix, names, mode }, 'kept')).entries;
  }

  async mix(
    command: Omit<Extract<SessionCommand, { kind: 'mix' }>, 'kind'>,
  ): Promise<Extract<SessionAnswer, { kind: 'mixed' }>['results']> {
    return (await this.#tell({ kind: 'mix', ...command }, 'mixed')).results;
  }

  /** Stops it where it stands: its connections stay open, and nobody reads or answers. */
  freeze(): void {
    this.#frozen = true;
    this.#child.kill('SIGSTOP');
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    // A process that was stopped where it stands does not even see that its channel is closed.
    if (this.#frozen || !this.#child.connected) this.#child.kill('SIGKILL');
    else this.#child.disconnect();
    await ended;
  }

  #tell<K extends SessionAnswer['kind']>(
    command: SessionCommand,
    expected: K,
  ): Promise<Extract<SessionAnswer, { kind: K }>> {
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new BenchFailed('a process full of clients has ended'));
      this.#child.once('exit', lost);
      this.#child.once('message', (raw) => {
        this.#child.off('exit', lost);
        const answer = SessionAnswer.parse(raw);
        if (answer.kind === expected) return resolve(answer as Extract<SessionAnswer, { kind: K }>);
        reject(new BenchFailed(answer.kind === 'failed' ? answer.message : answer.kind));
      });
      this.#child.send(command);
    });
  }
}
