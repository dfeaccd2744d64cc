import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  PLACE_VARIABLE,
  type VisitorAnswer,
  VisitorMessage,
  type VisitorPlace,
  type VisitorQuestion,
} from './visitor-messages.js';

const PROGRAM = fileURLToPath(new URL('./visitor-process.js', import.meta.url));
const READ_LIMIT_MS = 10_000;

interface Waiting {
  readonly resolve: (answer: VisitorAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A client with a cache, in a process of its own. */
export class Visitor {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  /** When entries turned invalid by push, by name, on the clock of the machine. */
  readonly invalidatedMs = new Map<string, number>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (raw) => {
      const message = VisitorMessage.parse(raw);
      if (message.kind === 'invalidated') this.invalidatedMs.set(message.name, message.atMs);
      if (message.kind !== 'answer') return;
      this.#waiting.get(message.id)?.resolve(message);
      this.#waiting.delete(message.id);
    });
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('a visitor has ended'));
    });
  }

  /** Resolves once a site has taken its session. */
  static connect(place: VisitorPlace): Promise<Visitor> {
    const child = fork(PROGRAM, [], {
      // Not as an argument: those are seen by everybody on the machine.
      env: { ...process.env, [PLACE_VARIABLE]: JSON.stringify(place) },
    });
    const visitor = new Visitor(child);
    return new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('a visitor could not connect')));
      child.once('message', () => resolve(visitor));
    });
  }

  read(name: string, timeoutMs = READ_LIMIT_MS): Promise<VisitorAnswer> {
    return this.#ask('read', name, timeoutMs);
  }

  /** What its cache would serve at this moment. */
  peek(name: string): Promise<VisitorAnswer> {
    return this.#ask('peek', name, READ_LIMIT_MS);
  }

  /** Stops it where it stands: nobody reads or answers, and nobody says that it is gone. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async leave(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #ask(kind: VisitorQuestion['kind'], name: string, timeoutMs: number): Promise<VisitorAnswer> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, kind, name, timeoutMs } satisfies VisitorQuestion);
    });
  }
}
