import type { MessageKind } from '../../../src/protocol/node/message-kind.js';
import type { MessageColumns } from './recording.ts';

const FIRST_ROWS = 4096;

export interface MessageRow {
  readonly sentMs: number;
  readonly arrivedMs: number | null;
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  readonly fate: number;
}

/** Messages as they come, in columns of numbers: the newest, at most so many. */
export class MessageRows {
  private readonly limit: number;
  private room = 0;
  private count = 0;
  private sentMs = new Float64Array(0);
  private arrivedMs = new Float64Array(0);
  /** From, to, kind and fate of each row. */
  private codes = new Uint8Array(0);

  constructor(limit: number) {
    this.limit = limit;
    this.grow(Math.min(FIRST_ROWS, limit));
  }

  get leftOut(): number {
    return Math.max(0, this.count - this.limit);
  }

  push({ sentMs, arrivedMs, from, to, kind, fate }: MessageRow): void {
    if (this.count === this.room && this.room < this.limit) {
      this.grow(Math.min(this.limit, this.room * 2));
    }
    const at = this.count % this.room;
    this.sentMs[at] = sentMs;
    this.arrivedMs[at] = arrivedMs ?? Number.NaN;
    this.codes.set([from, to, kind, fate], at * 4);
    this.count += 1;
  }

  /** By when they were sent. */
  columns(kinds: readonly MessageKind[]): MessageColumns {
    const rows = Math.min(this.count, this.limit);
    const order = Uint32Array.from({ length: rows }, (_, index) => index);
    order.sort((a, b) => (this.sentMs[a] ?? 0) - (this.sentMs[b] ?? 0));
    const code = (which: number): Uint8Array =>
      Uint8Array.from(order, (row) => this.codes[row * 4 + which] ?? 0);
    return {
      sentMs: Float64Array.from(order, (row) => this.sentMs[row] ?? 0),
      arrivedMs: Float64Array.from(order, (row) => this.arrivedMs[row] ?? 0),
      from: code(0),
      to: code(1),
      kind: code(2),
      fate: code(3),
      kinds,
    };
  }

  private grow(room: number): void {
    const [sentMs, arrivedMs, codes] = [this.sentMs, this.arrivedMs, this.codes];
    this.sentMs = new Float64Array(room);
    this.arrivedMs = new Float64Array(room);
    this.codes = new Uint8Array(room * 4);
    this.sentMs.set(sentMs);
    this.arrivedMs.set(arrivedMs);
    this.codes.set(codes);
    this.room = room;
  }
}
