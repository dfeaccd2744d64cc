import type { Socket } from 'node:net';
import type { BufferPool } from './buffer-pool.js';
import type { DelaySource } from './delay-line.js';
import { DelayLine } from './delay-line.js';
import { FRAME_TYPES, decodeFrame, encodeBulkFrame, encodeFrame } from './frame.js';
import type { FrameType } from './frame.js';
import { FrameReader } from './frame-reader.js';
import type { ConnectionClass, TransportEvent } from './peer-network.js';

export interface ConnectionLimits {
  readonly frameBytes: number;
  /** More than this still to be written breaks the connection: a slow peer is a broken one. */
  readonly queueBytes: number;
  /** More than this held back by the emulated delay stops reading. */
  readonly delayedBytes: number;
  readonly pingIntervalMs: number;
  readonly deadAfterMs: number;
}

export interface ConnectionEvents {
  /** `done` is to be called, if ever, when nobody uses the value's byte arrays any more. */
  frame(type: number, value: unknown, done: () => void): string | null;
  /** Bytes were handed to the system: the queue is shorter. */
  written(): void;
  roundTrip(milliseconds: number): void;
  /** Bytes that came or that were handed over to be written. */
  moved(sentBytes: number, receivedBytes: number): void;
  report(kind: TransportEvent['kind'], message: string): void;
  /** Exactly once. */
  closed(): void;
}

/** Smaller writes are copied together; larger ones are written as they are. */
const COPY_BELOW_BYTES = 16 * 1024;
const FLUSH_AT_BYTES = 256 * 1024;

/**
 * One accepted connection. Everything sent in one turn of the event loop leaves in one write.
 * Delivers nothing before `release`.
 */
export class PeerConnection {
  private readonly reader: FrameReader;
  private readonly delayed: DelayLine<Buffer>;
  private readonly pingTimer: NodeJS.Timeout;
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private flushScheduled = false;
  private isClosed = false;
  private overflowed = false;
  private silentTicks = 0;

  constructor(
    private readonly socket: Socket,
    private readonly connectionClass: ConnectionClass,
    private readonly limits: ConnectionLimits,
    delay: DelaySource,
    private readonly events: ConnectionEvents,
    private readonly pool: BufferPool | null,
  ) {
    this.reader = new FrameReader(
      limits.frameBytes,
      (type, payload) => this.receive(type, payload),
      pool,
    );
    this.delayed = new DelayLine(delay, (bytes) => this.read(bytes));
    this.delayed.hold();
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.arrive(bytes));
    socket.on('error', (error) => this.close('connection_lost', error.message));
    socket.on('close', () => this.close());
    socket.on('end', () => this.close());
    this.pingTimer = setInterval(() => this.tick(), limits.pingIntervalMs);
    socket.resume();
  }

  /** Takes bytes that were read along with the handshake. */
  arrive(bytes: Buffer): void {
    if (this.isClosed || bytes.length === 0) return;
    this.events.moved(0, bytes.length);
    this.delayed.push(bytes, bytes.length);
    if (this.delayed.queuedBytes > this.limits.delayedBytes) this.socket.pause();
  }

  release(): void {
    this.delayed.release();
    this.ping();
  }

  get queuedBytes(): number {
    return this.pendingBytes + this.socket.writableLength;
  }

  send(type: FrameType, value: unknown): 'sent' | 'down' | 'too_large' {
    if (this.isClosed || this.overflowed) return 'down';
    if (this.connectionClass === 'control') {
      const frame = encodeFrame(type, value);
      if (frame.length > this.limits.frameBytes) return 'too_large';
      this.enqueue(frame);
    } else {
      const segments = encodeBulkFrame(type, value);
      const bytes = segments.reduce((sum, segment) => sum + segment.length, 0);
      if (bytes > this.limits.frameBytes) return 'too_large';
      for (const segment of segments) this.enqueue(segment);
    }
    return this.overflowed ? 'down' : 'sent';
  }

  /** Reports the reason where there is one. */
  close(kind?: TransportEvent['kind'], message = ''): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearInterval(this.pingTimer);
    this.reader.stop();
    this.delayed.close();
    this.pending = [];
    this.pendingBytes = 0;
    this.socket.destroy();
    if (kind !== undefined) this.events.report(kind, message);
    this.events.closed();
  }

  private enqueue(bytes: Uint8Array): void {
    if (this.isClosed || this.overflowed) return;
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    if (this.queuedBytes > this.limits.queueBytes) {
      this.overflow();
    } else if (this.pendingBytes >= FLUSH_AT_BYTES) {
      this.flush();
    } else if (!this.flushScheduled) {
      this.flushScheduled = true;
      setImmediate(() => {
        this.flushScheduled = false;
        this.flush();
      });
    }
  }

  /** Not at once: whoever is sending must not be told `down` from within `send`. */
  private overflow(): void {
    this.overflowed = true;
    this.pending = [];
    this.pendingBytes = 0;
    const message = `more than ${this.limits.queueBytes} bytes wait to be written`;
    setImmediate(() => this.close('queue_overflow', message));
  }

  private flush(): void {
    if (this.isClosed || this.pending.length === 0) return;
    const segments = joinSmall(this.pending);
    this.events.moved(this.pendingBytes, 0);
    this.pending = [];
    this.pendingBytes = 0;
    const last = segments.length - 1;
    this.socket.cork();
    for (const [index, segment] of segments.entries()) {
      if (index < last) this.socket.write(segment);
      else this.socket.write(segment, () => this.isClosed || this.events.written());
    }
    this.socket.uncork();
  }

  private read(bytes: Buffer): void {
    this.silentTicks = 0;
    const wrong = this.reader.push(bytes);
    if (wrong !== null) this.close('frame_too_long', wrong);
    const full = this.delayed.queuedBytes > this.limits.delayedBytes / 2;
    if (!this.isClosed && !full && this.socket.isPaused()) this.socket.resume();
  }

  private receive(typeByte: number, payload: Buffer): void {
    if (this.isClosed) return;
    const frame = decodeFrame(typeByte, payload);
    if (!frame.ok) {
      this.close('garbage', `a frame of type ${typeByte} is not readable: ${frame.message}`);
    } else if (frame.type === FRAME_TYPES.ping) {
      this.send(FRAME_TYPES.pong, frame.value);
    } else if (frame.type === FRAME_TYPES.pong) {
      const sentMs = Number(frame.value);
      if (Number.isFinite(sentMs)) this.events.roundTrip(performance.now() - sentMs);
    } else {
      const done = (): void => this.pool?.give(payload);
      const wrong = this.events.frame(frame.type, frame.value, done);
      if (wrong !== null) this.close('garbage', wrong);
    }
  }

  private ping(): void {
    this.send(FRAME_TYPES.ping, performance.now());
  }

  /** Counts ticks, not time: a pause of this process must not look like silence of the other. */
  private tick(): void {
    this.silentTicks += 1;
    if (this.silentTicks * this.limits.pingIntervalMs > this.limits.deadAfterMs) {
      this.close('silent', `nothing was heard for ${this.limits.deadAfterMs} ms`);
    } else {
      this.ping();
    }
  }
}

/** The same bytes in fewer pieces. */
function joinSmall(segments: Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const endRun = (): void => {
    if (small.length > 0)
      joined.push(small.length === 1 ? (small[0] as Uint8Array) : Buffer.concat(small));
    small = [];
  };
  for (const segment of segments) {
    if (segment.length < COPY_BELOW_BYTES) {
      small.push(segment);
    } else {
      endRun();
      joined.push(segment);
    }
  }
  endRun();
  return joined;
}
