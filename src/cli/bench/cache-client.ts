import { performance } from 'node:perf_hooks';
import type { ClientAnswer, ClientReadAnswer } from '../../protocol/client/answers.js';
import {
  type ClientEffect,
  type ClientInput,
  type ClientState,
  createClientState,
  DEFAULT_CLIENT_CONFIG,
} from '../../protocol/client/client-state.js';
import { clientDeadline, clientStep } from '../../protocol/client/client-step.js';
import type { ReadMode, SessionWriteAnswer } from '../../protocol/client/messages.js';
import { FrameReader, framesOf } from '../../protocol/client/wire.js';
import { SessionConnection } from './session-connection.js';

/** The protocol's client on one session with one site: what a load of many clients is made of. */
export class CacheClient {
  readonly state: ClientState;
  readonly #connection: SessionConnection;
  readonly #reader = new FrameReader('site');
  readonly #waiting = new Map<number, (answer: ClientAnswer) => void>();
  #nextTicket = 1;
  #timer: NodeJS.Timeout | null = null;
  #timerMs = Number.POSITIVE_INFINITY;
  /** Entries that turned invalid by push, by name. */
  onInvalidated: (name: string) => void = () => {};
  onClosed: () => void = () => {};

  private constructor(port: number, entries: number, opened: () => void) {
    const { cache } = DEFAULT_CLIENT_CONFIG;
    const config = { ...DEFAULT_CLIENT_CONFIG, cache: { ...cache, entries } };
    this.state = createClientState(config, clock());
    this.#connection = new SessionConnection(port, {
      opened,
      frame: (frame) => {
        const parsed = this.#reader.push(frame);
        if (parsed === null) return;
        if (parsed.ok) this.#take({ kind: 'message', message: parsed.message });
        else this.#connection.destroy();
      },
      closed: () => {
        this.#take({ kind: 'closed' });
        this.onClosed();
      },
    });
  }

  /** Resolves once the site has taken the session; rejects if it does not. */
  static connect(
    port: number,
    entries = DEFAULT_CLIENT_CONFIG.cache.entries,
  ): Promise<CacheClient> {
    return new Promise((resolve, reject) => {
      const client = new CacheClient(port, entries, () => {
        client.onClosed = () => {};
        resolve(client);
      });
      client.onClosed = () => reject(new Error(`port ${port} took no session`));
    });
  }

  async read(name: string, mode: ReadMode = 'strong'): Promise<ClientReadAnswer> {
    return (await this.#ask((ticket) => ({
      kind: 'read',
      ticket,
      name,
      mode,
    }))) as ClientReadAnswer;
  }

  async write(name: string, bytes: Uint8Array, requestId: string): Promise<SessionWriteAnswer> {
    const write = { kind: 'put', name, bytes, metadata: {} } as const;
    const answer = await this.#ask((ticket) => {
      return { kind: 'write', ticket, requestId, write, conditions: {} };
    });
    if (answer.kind !== 'write') throw new Error('a read answered a write');
    return answer.answer;
  }

  /** Without a word: what it holds ends with its lease. */
  close(): void {
    this.#connection.destroy();
  }

  #ask(inputOf: (ticket: number) => ClientInput): Promise<ClientAnswer> {
    const ticket = this.#nextTicket++;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      this.#take(inputOf(ticket));
    });
  }

  #take(input: ClientInput): void {
    for (const effect of clientStep(this.state, input, clock())) this.#carryOut(effect);
    this.#schedule();
  }

  #carryOut(effect: ClientEffect): void {
    if (effect.kind === 'send') {
      this.#connection.send(framesOf(effect.message));
    } else if (effect.kind === 'answer') {
      const answered = this.#waiting.get(effect.ticket);
      this.#waiting.delete(effect.ticket);
      answered?.(effect.answer);
    } else if (effect.kind === 'invalidated') {
      this.onInvalidated(effect.name);
    }
  }

  #schedule(): void {
    const dueMs = clientDeadline(this.state);
    if (dueMs === this.#timerMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        this.#timerMs = Number.POSITIVE_INFINITY;
        this.#take({ kind: 'tick' });
      },
      Math.max(1, dueMs - performance.now()),
    );
  }
}

function clock(): { monoMs: number; wallMs: number } {
  return { monoMs: performance.now(), wallMs: Date.now() };
}
