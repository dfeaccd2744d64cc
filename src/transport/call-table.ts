import { TransientMap } from '../protocol/transient-map.js';
import { FRAME_TYPES } from './frame.js';
import type { FrameType } from './frame.js';
import type { CallFailure, CallHandler, CallResult } from './peer-network.js';

/** What a call table needs of the connection it works over. */
export interface CallWire {
  send(type: FrameType, value: unknown): 'sent' | 'down' | 'too_large';
  queuedBytes(): number;
}

export interface CallLimits {
  /** Calls sent and not yet answered; as many are served at once for the other side. */
  readonly inFlight: number;
  /** Calls that wait for a place, here or as not yet begun there; more are refused. */
  readonly waiting: number;
  /** With more bytes than this still to be written, no call is sent or begun. */
  readonly queuedBytes: number;
}

interface Outgoing {
  readonly id: number;
  readonly method: string;
  readonly payload: unknown;
  readonly settle: (result: CallResult) => void;
  readonly timer: NodeJS.Timeout;
}

interface Incoming {
  readonly id: number;
  readonly method: string;
  readonly payload: unknown;
  readonly done: () => void;
}

const ANSWERS = { done: 0, failed: 1, refused: 2 } as const;

function failure(reason: CallFailure['reason'], message: string, sent: boolean): CallFailure {
  return { ok: false, reason, message, sent };
}

/** Calls of one class with one peer, in both directions. */
export class CallTable {
  private nextId = 1;
  private readonly sent = new TransientMap<number, Outgoing>();
  private readonly waiting = new TransientMap<number, Outgoing>();
  private readonly serving = new TransientMap<number, AbortController>();
  private readonly unserved = new TransientMap<number, Incoming>();

  constructor(
    private readonly peer: string,
    private readonly limits: CallLimits,
    private readonly handlers: ReadonlyMap<string, CallHandler>,
    private readonly wire: CallWire,
  ) {}

  call(method: string, payload: unknown, deadlineMs: number): Promise<CallResult> {
    return new Promise((resolve) => {
      if (this.waiting.size >= this.limits.waiting) {
        resolve(failure('refused', `too many calls wait for ${this.peer}`, false));
        return;
      }
      const timer = setTimeout(() => this.expire(outgoing, deadlineMs), deadlineMs);
      const settle = (result: CallResult): void => {
        clearTimeout(timer);
        resolve(result);
      };
      const id = this.nextId;
      this.nextId += 1;
      const outgoing: Outgoing = { id, method, payload, settle, timer };
      this.waiting.set(id, outgoing);
      this.advance();
    });
  }

  /** The connection is there, or has written bytes: what waited for that goes on. */
  advance(): void {
    for (const outgoing of this.waiting.values()) {
      if (this.sent.size >= this.limits.inFlight || this.congested()) break;
      this.waiting.take(outgoing.id);
      this.transmit(outgoing);
    }
    for (const incoming of this.unserved.values()) {
      if (this.serving.size >= this.limits.inFlight || this.congested()) break;
      this.unserved.take(incoming.id);
      this.serve(incoming);
    }
  }

  /** Null, or what is wrong with the frame. */
  receive(type: number, value: unknown, done: () => void): string | null {
    if (type === FRAME_TYPES.cancel) return this.receiveCancel(value);
    if (!Array.isArray(value) || !Number.isSafeInteger(value[0])) return 'a call without an id';
    if (type === FRAME_TYPES.response) return this.receiveResponse(value as unknown[]);
    const [id, method, payload] = value as [number, unknown, unknown];
    if (typeof method !== 'string') return 'a request without a method';
    if (this.serving.get(id) ?? this.unserved.get(id)) return 'a request id used twice';
    if (!this.handlers.has(method)) {
      this.wire.send(FRAME_TYPES.response, [id, ANSWERS.refused, `no method ${method}`]);
    } else if (this.unserved.size >= this.limits.waiting) {
      this.wire.send(FRAME_TYPES.response, [id, ANSWERS.refused, 'too many calls']);
    } else {
      this.unserved.set(id, { id, method, payload, done });
      this.advance();
    }
    return null;
  }

  /** The connection is gone: everything sent may have been executed. */
  lost(): void {
    const sent = [...this.sent.values()];
    const waiting = [...this.waiting.values()];
    const serving = [...this.serving.values()];
    this.sent.clear();
    this.waiting.clear();
    this.serving.clear();
    this.unserved.clear();
    for (const outgoing of sent) {
      outgoing.settle(failure('unreachable', `the session with ${this.peer} broke`, true));
    }
    for (const outgoing of waiting) {
      outgoing.settle(failure('unreachable', `no session with ${this.peer}`, false));
    }
    for (const controller of serving) controller.abort();
  }

  private congested(): boolean {
    return this.wire.queuedBytes() > this.limits.queuedBytes;
  }

  private transmit(outgoing: Outgoing): void {
    const { id, method, payload } = outgoing;
    this.sent.set(id, outgoing);
    const result = this.wire.send(FRAME_TYPES.request, [id, method, payload]);
    if (result === 'sent' || this.sent.take(id) === undefined) return;
    outgoing.settle(
      result === 'down'
        ? failure('unreachable', `no session with ${this.peer}`, false)
        : failure('failed', 'the payload is over the frame limit', false),
    );
  }

  private expire(outgoing: Outgoing, deadlineMs: number): void {
    const wasSent = this.sent.take(outgoing.id) !== undefined;
    this.waiting.take(outgoing.id);
    outgoing.settle(
      failure('timeout', `${this.peer} did not answer within ${deadlineMs} ms`, wasSent),
    );
    if (wasSent) this.wire.send(FRAME_TYPES.cancel, outgoing.id);
    this.advance();
  }

  private receiveResponse(value: unknown[]): string | null {
    const [id, answer, content] = value as [number, unknown, unknown];
    const outgoing = this.sent.get(id);
    if (answer !== ANSWERS.done && answer !== ANSWERS.failed && answer !== ANSWERS.refused) {
      return 'an answer of no known kind';
    }
    if (outgoing === undefined) return null;
    this.sent.take(id);
    if (answer === ANSWERS.done) outgoing.settle({ ok: true, value: content });
    else if (answer === ANSWERS.failed) outgoing.settle(failure('failed', String(content), true));
    else outgoing.settle(failure('refused', String(content), false));
    this.advance();
    return null;
  }

  private receiveCancel(value: unknown): string | null {
    if (typeof value !== 'number') return 'a cancel without an id';
    this.unserved.take(value);
    this.serving.get(value)?.abort();
    return null;
  }

  private serve(incoming: Incoming): void {
    const handler = this.handlers.get(incoming.method);
    if (handler === undefined) return;
    const controller = new AbortController();
    this.serving.set(incoming.id, controller);
    const answer = (kind: number, content: unknown): void => {
      // The session may have broken, and a new one may use the id again: only this life answers.
      if (this.serving.get(incoming.id) !== controller) return;
      this.serving.take(incoming.id);
      const frame = [incoming.id, kind, content];
      if (this.wire.send(FRAME_TYPES.response, frame) === 'too_large') {
        const message = 'the answer is over the frame limit';
        this.wire.send(FRAME_TYPES.response, [incoming.id, ANSWERS.failed, message]);
      }
      this.advance();
    };
    const run = async (): Promise<unknown> =>
      await handler(this.peer, incoming.payload, controller.signal);
    run().then(
      (value) => {
        answer(ANSWERS.done, value);
        // An answer that is more than a word may hold byte arrays of the payload, still unsent.
        if (typeof value !== 'object') incoming.done();
      },
      (error: unknown) =>
        answer(ANSWERS.failed, error instanceof Error ? error.message : String(error)),
    );
  }
}
