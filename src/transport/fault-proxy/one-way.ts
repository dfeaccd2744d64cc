import type { Socket } from 'node:net';
import { DelayLine } from '../delay-line.js';
import type { Condition } from './condition.js';

/** Bytes under way in one direction of a connection, beyond which nothing more is read. */
const QUEUED_LIMIT_BYTES = 8 * 1024 * 1024;

type Item = Buffer | 'end';

/** One direction of one connection: takes what one side says to the other, as the condition has it. */
export class OneWay {
  private readonly line: DelayLine<Item>;
  /** How long the piece that is pushed now waits. */
  private waitMs = 0;
  private busyUntilMs = 0;
  private hasLost = false;
  private isOver = false;
  /** It broke while cut; the other side learns of it when healed. */
  private isBroken = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private condition: Condition,
    private readonly random: () => number,
  ) {
    this.line = new DelayLine({ delayMs: () => this.waitMs }, (item) => this.deliver(item));
    from.on('data', (bytes: Buffer) => this.take(bytes));
    from.on('end', () => this.push('end'));
    from.on('error', () => undefined); // `close` follows
    from.on('close', (hadError) => this.closed(hadError));
    to.on('drain', () => this.flow());
    this.hold();
  }

  change(condition: Condition): void {
    const { cut } = this.condition;
    this.condition = condition;
    if (condition.cut !== 'open') {
      if (cut === 'open') this.hold();
      return;
    }
    if (cut === 'open') return;
    if (this.hasLost || this.isBroken) {
      this.breakOff();
      return;
    }
    this.line.release();
    this.flow();
  }

  /** Both ends see a reset. */
  breakOff(): void {
    this.isOver = true;
    this.line.close();
    resetSocket(this.from);
    resetSocket(this.to);
  }

  private hold(): void {
    if (this.condition.cut === 'open') return;
    this.line.hold();
    // What is swallowed has to be read; what is held stays with its sender.
    if (this.condition.cut === 'held') this.from.pause();
  }

  private take(bytes: Buffer): void {
    if (this.condition.cut === 'swallowed') {
      this.hasLost = true;
      return;
    }
    this.push(bytes);
    if (this.line.queuedBytes > QUEUED_LIMIT_BYTES) this.from.pause();
  }

  private push(item: Item): void {
    const { delayMs, jitterMs, bytesPerSecond, stallChance, stallMs } = this.condition;
    const nowMs = performance.now();
    let waitMs = delayMs + this.random() * jitterMs;
    if (stallChance > 0 && this.random() < stallChance) waitMs += stallMs * (0.5 + this.random());
    const bytes = item === 'end' ? 0 : item.length;
    if (bytesPerSecond !== null) {
      this.busyUntilMs = Math.max(nowMs, this.busyUntilMs) + (1000 * bytes) / bytesPerSecond;
      waitMs += this.busyUntilMs - nowMs;
    }
    this.waitMs = waitMs;
    this.line.push(item, bytes);
  }

  private deliver(item: Item): void {
    if (this.to.destroyed) return;
    if (item === 'end') {
      this.isOver = true;
      this.to.end();
    } else if (!this.to.write(item)) this.from.pause();
    else this.flow();
  }

  private flow(): void {
    if (this.condition.cut === 'held' || this.to.writableNeedDrain) return;
    if (this.line.queuedBytes <= QUEUED_LIMIT_BYTES / 2) this.from.resume();
  }

  private closed(hadError: boolean): void {
    if (this.isOver) return;
    if (this.condition.cut !== 'open') {
      this.isBroken = true;
    } else if (hadError) this.breakOff();
    else this.push('end');
  }
}

/**
 * Ends a connection with a reset. One that has said its end already cannot be reset any more: asking
 * for it would leave an open handle behind.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
