import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { FaultOutcome, FaultRequest } from '../../gateways/native-http/fault-control.js';
import { ChildMessage } from './fault-messages.js';

/** How to start the process of a site. */
export interface ChildProgram {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Its output is added to this file. */
  readonly logFile: string;
}

export type ChildState = 'starting' | 'ready' | 'paused' | 'stopping' | 'stopped' | 'waiting';

export type Started = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Who is told what a site's process asks for. */
export interface ChildListener {
  ready(): void;
  fault(request: FaultRequest | null): Promise<FaultOutcome>;
}

export interface ChildTimes {
  /** After this long without being ready a start has failed. */
  readonly startLimitMs: number;
  /** After this long a process that was asked to stop is killed. */
  readonly stopLimitMs: number;
  readonly backoffMs: readonly [first: number, longest: number];
}

export const DEFAULT_CHILD_TIMES: ChildTimes = {
  startLimitMs: 60_000,
  stopLimitMs: 10_000,
  backoffMs: [500, 30_000],
};

/**
 * The process of one site. When it ends by itself it is started again, after growing pauses; once
 * it was stopped or killed on purpose it stays down until it is started again on purpose.
 */
export class SiteChild {
  readonly site: string;
  heard: ChildListener | null = null;
  /** Told once the process has ended because the cluster has no place for the site. */
  onRetired: (why: string) => void = () => undefined;
  readonly #program: ChildProgram;
  readonly #times: ChildTimes;
  readonly #report: (message: string) => void;
  #process: ChildProcess | undefined;
  #state: ChildState = 'stopped';
  #wanted = false;
  #retired = false;
  #pauseMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    site: string,
    program: ChildProgram,
    report: (message: string) => void,
    times: ChildTimes = DEFAULT_CHILD_TIMES,
  ) {
    this.site = site;
    this.#program = program;
    this.#report = report;
    this.#times = times;
    this.#pauseMs = times.backoffMs[0];
  }

  get state(): ChildState {
    return this.#state;
  }

  get isRetired(): boolean {
    return this.#retired;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Says something to the process over its channel; false when there is none. */
  tell(message: object): boolean {
    return this.#process?.connected === true && this.#process.send(message);
  }

  /** Resolves when the process has ended, or after so long; it may come back by itself. */
  gone(limitMs: number): Promise<void> {
    const process = this.#process;
    if (process === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      process.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Starts it and waits until it is ready. A failed start is not repeated. */
  async start(): Promise<Started> {
    if (this.#process) return { ok: false, message: `${this.site} runs already` };
    clearTimeout(this.#timer);
    this.#pauseMs = this.#times.backoffMs[0];
    const started = await this.#spawn();
    this.#wanted = started.ok;
    return started;
  }

  /** Lets the process stand still, or go on. False: there is none that could. */
  setPaused(paused: boolean): boolean {
    if (this.#process === undefined || !['ready', 'paused'].includes(this.#state)) return false;
    this.#process.kill(paused ? 'SIGSTOP' : 'SIGCONT');
    this.#state = paused ? 'paused' : 'ready';
    return true;
  }

  /** Asks it to end, and kills it when it does not; or kills it right away. */
  async stop(how: 'clean' | 'kill'): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    const process = this.#process;
    if (!process) {
      this.#state = 'stopped';
      return;
    }
    // One that stands still would not hear it.
    if (this.#state === 'paused') process.kill('SIGCONT');
    this.#state = 'stopping';
    const ended = new Promise((resolve) => process.once('exit', resolve));
    process.kill(how === 'clean' ? 'SIGTERM' : 'SIGKILL');
    const timer = setTimeout(() => {
      this.#report(`${this.site} did not stop within ${this.#times.stopLimitMs} ms and was killed`);
      process.kill('SIGKILL');
    }, this.#times.stopLimitMs);
    await ended;
    clearTimeout(timer);
  }

  #spawn(): Promise<Started> {
    this.#state = 'starting';
    const log = openSync(this.#program.logFile, 'a');
    const child = spawn(this.#program.file, this.#program.arguments, {
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#process = child;
    return new Promise((resolve) => {
      let message = `it ended before it was ready; ${this.#program.logFile} may say why`;
      const limit = setTimeout(() => {
        message = `it was not ready within ${this.#times.startLimitMs} ms`;
        child.kill('SIGKILL');
      }, this.#times.startLimitMs);
      child.on('message', (raw) => {
        const told = ChildMessage.safeParse(raw);
        if (!told.success) return;
        if (told.data.kind === 'failed') {
          ({ message } = told.data);
          this.#retired = told.data.retired === true;
          return;
        }
        if (told.data.kind === 'fault') {
          void this.#answerFault(told.data.id, told.data.request);
          return;
        }
        clearTimeout(limit);
        this.#state = 'ready';
        this.heard?.ready();
        resolve({ ok: true });
      });
      child.once('error', (error) => {
        message = error.message;
        // A process that could not even be started has no exit.
        if (child.pid === undefined) child.emit('exit', null, null);
      });
      child.once('exit', (code: number | null, signal: string | null) => {
        clearTimeout(limit);
        const wasReady = this.#state === 'ready' || this.#state === 'paused';
        this.#process = undefined;
        this.#state = 'stopped';
        resolve({ ok: false, message });
        if (this.#retired) {
          this.#wanted = false;
          this.onRetired(message);
        } else if (this.#wanted) {
          const how = signal === null ? `with status ${code}` : `by ${signal}`;
          this.#comeBack(wasReady ? `ended ${how}` : message, wasReady);
        }
      });
    });
  }

  async #answerFault(id: number, request: FaultRequest | null): Promise<void> {
    const none: FaultOutcome = { ok: false, message: 'nothing here does that' };
    const outcome = (await this.heard?.fault(request)) ?? none;
    this.tell({ kind: 'fault-done', id, outcome });
  }

  #comeBack(why: string, wasReady: boolean): void {
    const pauseMs = wasReady ? this.#times.backoffMs[0] : this.#pauseMs;
    this.#pauseMs = Math.min(2 * pauseMs, this.#times.backoffMs[1]);
    this.#state = 'waiting';
    this.#report(`${this.site} ${why}; starting it again in ${pauseMs} ms`);
    this.#timer = setTimeout(() => {
      this.#spawn().then(
        (started) => {
          if (started.ok) this.#report(`${this.site} is back`);
        },
        (error: unknown) => this.#report(`${this.site}: ${String(error)}`),
      );
    }, pauseMs);
  }
}
