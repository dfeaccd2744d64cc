import { type Geography, lengthOf, pointOn, type Way } from './geography.ts';
import type { MessageKind } from './message-kind.ts';

/** A message that is drawn on its way. */
interface Moving {
  readonly from: string;
  readonly to: string;
  readonly kind: MessageKind;
  readonly startMs: number;
  readonly forMs: number;
  /** It never arrives: it fades away at this share of the way. */
  readonly lostAt: number | null;
}

/** A message at one point of its way, drawn as it stands. */
export interface StillMark {
  readonly from: string;
  readonly to: string;
  readonly kind: MessageKind;
  /** How far it has come, from 0 to 1. */
  readonly share: number;
  /** 1: as it is; less: it fades away. */
  readonly strength: number;
}

export const MOVING_LIMIT = 1200;
/** A way takes this long and as much again for each hundred pixels. */
const BASE_MS = 420;
const PER_PIXEL_MS = 1.1;
const RADIUS_PIXELS = 3.2;
const TAIL_STEPS = 5;
const TAIL_SHARE = 0.014;

/** Moving marks on a canvas: drawn in one go, whatever their number, and only while there are any. */
export class MarkField {
  private moving: Moving[] = [];
  private geography: Geography | null = null;
  private colours: ReadonlyMap<MessageKind, string> = new Map();
  /** What is shown instead of moving marks, by whoever has a clock of its own. */
  private still: readonly StillMark[] = [];
  private frame = 0;
  private readonly context: CanvasRenderingContext2D | null;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d');
  }

  /** Where the marks go now, and in which colours. */
  show(geography: Geography, colours: ReadonlyMap<MessageKind, string>): void {
    this.geography = geography;
    this.colours = colours;
    if (this.still.length > 0) this.paint(this.still);
  }

  resize(width: number, height: number): void {
    const ratio = Math.min(devicePixelRatio, 2);
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Beyond a limit the newest are left out. */
  add(
    from: string,
    to: string,
    kind: MessageKind,
    delayMs: number,
    lostAt: number | null = null,
  ): void {
    if (this.geography === null || this.moving.length >= MOVING_LIMIT || document.hidden) return;
    const way = this.geography.way(from, to);
    if (way.length === 0) return;
    const startMs = performance.now() + delayMs;
    const forMs = BASE_MS + lengthOf(way) * PER_PIXEL_MS;
    this.moving.push({ from, to, kind, startMs, forMs, lostAt });
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Draws these now, and nothing else; beyond a limit the last are left out. */
  paint(marks: readonly StillMark[]): void {
    const { context, canvas } = this;
    this.still = marks;
    this.moving = [];
    if (context === null) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const { from, to, kind, share, strength } of marks.slice(0, MOVING_LIMIT)) {
      this.drawDot(context, this.geography?.way(from, to) ?? [], kind, share, strength);
    }
    context.globalAlpha = 1;
  }

  close(): void {
    cancelAnimationFrame(this.frame);
    this.moving = [];
  }

  private draw(): void {
    const { context, canvas } = this;
    this.frame = 0;
    if (context === null) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const nowMs = performance.now();
    this.moving = this.moving.filter(
      ({ startMs, forMs, lostAt }) =>
        nowMs < startMs + forMs * (lostAt === null ? 1 : lostAt + 0.15),
    );
    for (const mark of this.moving) if (nowMs >= mark.startMs) this.drawMark(context, mark, nowMs);
    context.globalAlpha = 1;
    if (this.moving.length > 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  private drawMark(context: CanvasRenderingContext2D, mark: Moving, nowMs: number): void {
    const way = this.geography?.way(mark.from, mark.to) ?? [];
    const share = (nowMs - mark.startMs) / mark.forMs;
    const stopped = mark.lostAt === null ? share : Math.min(share, mark.lostAt);
    const fading = mark.lostAt === null ? 1 : Math.max(0, 1 - (share - stopped) / 0.15);
    this.drawDot(context, way, mark.kind, stopped, fading);
  }

  private drawDot(
    context: CanvasRenderingContext2D,
    way: Way,
    kind: MessageKind,
    share: number,
    strength: number,
  ): void {
    const small = kind === 'heartbeat' ? 0.55 : 1;
    context.fillStyle = this.colours.get(kind) ?? '#888';
    for (let step = TAIL_STEPS; step >= 0; step -= 1) {
      const at = share - step * TAIL_SHARE;
      if (at < 0) continue;
      const { x, y } = pointOn(way, at);
      context.globalAlpha = strength * (step === 0 ? 1 : 0.32 * (1 - step / (TAIL_STEPS + 1)));
      context.beginPath();
      context.arc(x, y, small * RADIUS_PIXELS * (1 - step / (TAIL_STEPS * 1.6)), 0, 2 * Math.PI);
      context.fill();
    }
  }
}
