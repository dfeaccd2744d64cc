import type {
  ClientAnswer,
  ClientReadAnswer,
  ClientWriteAnswer,
} from '../../protocol/client/answers.js';
import type { CacheEntry } from '../../protocol/client/cache.js';
import {
  type ClientConfig,
  type ClientEffect,
  type ClientInput,
  type ClientState,
  createClientState,
} from '../../protocol/client/client-state.js';
import { clientDeadline, clientStep, readMemory } from '../../protocol/client/client-step.js';
import type {
  Change,
  ClientMessage,
  ReadMode,
  SessionWrite,
  WatchEnd,
} from '../../protocol/client/messages.js';
import type { WriteConditions } from '../../protocol/request.js';
import type { Platform } from './platform.js';

/** What a change feed is told. */
export interface WatchPorts {
  changes(changes: readonly Change[], cursor: string): void;
  ended(reason: WatchEnd): void;
}

export interface MachinePorts {
  send(message: ClientMessage): void;
  invalidated(name: string): void;
}

export interface SessionWriteRequest {
  readonly requestId: string;
  readonly write: SessionWrite;
  readonly conditions: WriteConditions;
  /** What was released before an earlier attempt whose outcome is not known. */
  readonly since?: string;
}

/** The protocol's client on real clocks: its timer, and promises for its answers. */
export class Machine {
  readonly state: ClientState;
  private readonly waiting = new Map<number, (answer: ClientAnswer) => void>();
  private readonly watches = new Map<number, WatchPorts>();
  private nextTicket = 1;
  private timer: { readonly atMs: number; readonly cancel: () => void } | null = null;

  constructor(
    private readonly platform: Platform,
    config: ClientConfig,
    private readonly ports: MachinePorts,
  ) {
    this.state = createClientState(config, this.now());
  }

  /** The file as it may be used this very moment; undefined if the site has to be asked. */
  memory(name: string): CacheEntry | undefined {
    return readMemory(this.state, name, this.now());
  }

  async read(name: string, mode: ReadMode, untilMs: number): Promise<ClientReadAnswer> {
    const answer = await this.ask(untilMs, (ticket) => ({ kind: 'read', ticket, name, mode }));
    return answer as ClientReadAnswer;
  }

  async write(request: SessionWriteRequest, untilMs: number): Promise<ClientWriteAnswer> {
    const answer = await this.ask(untilMs, (ticket) => ({ kind: 'write', ticket, ...request }));
    return answer as ClientWriteAnswer;
  }

  /** Follows the changes of names with this prefix, over all sessions. Returns what ends it. */
  watch(prefix: string, from: string | null, ports: WatchPorts): () => void {
    const ticket = this.nextTicket++;
    this.watches.set(ticket, ports);
    this.take({ kind: 'watch', ticket, prefix, from });
    return () => {
      if (this.watches.delete(ticket)) this.take({ kind: 'unwatch', ticket });
    };
  }

  /** What waits is answered now: it gets no more time. */
  giveUpAll(): void {
    for (const ticket of [...this.waiting.keys()]) this.take({ kind: 'give-up', ticket });
    this.timer?.cancel();
    this.timer = null;
  }

  take(input: ClientInput): void {
    for (const effect of clientStep(this.state, input, this.now())) this.carryOut(effect);
    this.schedule();
  }

  private ask(
    untilMs: number,
    inputOf: (ticket: number) => Extract<ClientInput, { kind: 'read' | 'write' }>,
  ): Promise<ClientAnswer> {
    return new Promise((resolve) => {
      const ticket = this.nextTicket++;
      const limitMs = Math.max(0, untilMs - this.platform.monoMs());
      const cancel = this.platform.setTimer(limitMs, () => this.take({ kind: 'give-up', ticket }));
      this.waiting.set(ticket, (answer) => {
        cancel();
        resolve(answer);
      });
      this.take(inputOf(ticket));
    });
  }

  private now(): { monoMs: number; wallMs: number } {
    return { monoMs: this.platform.monoMs(), wallMs: this.platform.wallMs() };
  }

  private carryOut(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.ports.send(effect.message);
      case 'answer': {
        const answered = this.waiting.get(effect.ticket);
        this.waiting.delete(effect.ticket);
        return answered?.(effect.answer);
      }
      case 'changes':
        return this.watches.get(effect.ticket)?.changes(effect.changes, effect.cursor);
      case 'watch-ended': {
        const watch = this.watches.get(effect.ticket);
        this.watches.delete(effect.ticket);
        return watch?.ended(effect.reason);
      }
      case 'invalidated':
        return this.ports.invalidated(effect.name);
    }
  }

  private schedule(): void {
    const atMs = clientDeadline(this.state);
    if (this.timer !== null && this.timer.atMs <= atMs) return;
    this.timer?.cancel();
    this.timer = null;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(1, atMs - this.platform.monoMs());
    const cancel = this.platform.setTimer(delayMs, () => {
      this.timer = null;
      this.take({ kind: 'tick' });
    });
    this.timer = { atMs, cancel };
  }
}
