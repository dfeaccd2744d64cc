import { type MessageKind, messageKindOf } from '../../protocol/node/message-kind.js';
import type { SiteMessage } from '../../protocol/node/messages.js';
import type { LiveMark, LiveTick } from './live-frame.js';

const TICK_MS = 250;
/** Ticks that are kept for who asks late. */
const KEPT_TICKS = 12;
/** Marks of one tick; the counts say how many there were. */
const MARKS_LIMIT = 64;
/** Marks of one tick that go the same way and are of the same kind. */
const ALIKE_LIMIT = 6;
/** Without a question for this long nobody looks any more. */
const WATCHED_MS = 3000;

/**
 * What this site sends, while somebody looks: counted and sampled at the source, in bounded memory.
 * While nobody does, a message costs one comparison.
 */
export class LiveFeed {
  private watchedUntilMs = 0;
  private isWatched = false;
  private startMs = 0;
  private seq = 0;
  private counts = new Map<string, { to: string; kind: MessageKind; count: number }>();
  private marks: LiveMark[] = [];
  private ticks: LiveTick[] = [];
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  note(to: string, message: SiteMessage): void {
    if (!this.isWatched) return;
    const kind = messageKindOf(message);
    const key = `${to} ${kind}`;
    let counted = this.counts.get(key);
    if (counted === undefined) {
      counted = { to, kind, count: 0 };
      this.counts.set(key, counted);
    }
    counted.count += 1;
    if (counted.count > ALIKE_LIMIT || this.marks.length >= MARKS_LIMIT) return;
    const shard = 'shard' in message ? message.shard : '';
    this.marks.push({ to, kind, shard, atMs: Math.round(this.nowMs() - this.startMs) });
  }

  /** The ticks after this one that are over; keeps the feed going for a while. */
  read(afterSeq: number): readonly LiveTick[] {
    this.watchedUntilMs = this.nowMs() + WATCHED_MS;
    if (!this.isWatched) this.begin();
    return this.ticks.filter(({ seq }) => seq > afterSeq);
  }

  close(): void {
    this.isWatched = false;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private begin(): void {
    this.isWatched = true;
    this.ticks = [];
    this.open();
    this.timer = setInterval(() => this.turn(), TICK_MS);
    this.timer.unref();
  }

  private open(): void {
    this.startMs = this.nowMs();
    this.counts = new Map();
    this.marks = [];
  }

  private turn(): void {
    const nowMs = this.nowMs();
    this.seq += 1;
    const forMs = Math.round(nowMs - this.startMs);
    this.ticks.push({ seq: this.seq, forMs, counts: [...this.counts.values()], marks: this.marks });
    if (this.ticks.length > KEPT_TICKS) this.ticks.shift();
    this.open();
    if (nowMs > this.watchedUntilMs) this.close();
  }
}
