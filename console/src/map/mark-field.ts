import { type Geography, lengthOf, pointOn } from './geography.ts';
import type { MessageKind } from './message-kind.ts';

/** A message that is drawn on its way. */
interface Moving {
  readonly from: string;
  readonly to: string;
  readonly kind: MessageKind;
  readonly startMs: number;
  readonly forMs: number;
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
/** Marks that fade are drawn in so many strengths. */
const STRENGTHS = 8;

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
  add(from: string, to: string, kind: MessageKind, delayMs: number): void {
    if (this.geography === null || this.moving.length >= MOVING_LIMIT || document.hidden) return;
    const way = this.geography.way(from, to);
    if (way.length === 0) return;
    const startMs = performance.now() + delayMs;
    const forMs = BASE_MS + lengthOf(way) * PER_PIXEL_MS;
    this.moving.push({ from, to, kind, startMs, forMs });
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Draws these now, and nothing else; beyond a limit the last are left out. */
  paint(marks: readonly StillMark[]): void {
    const { context, canvas } = this;
    this.still = marks;
    this.moving = [];
    if (context === null) return;
    context.clearRect(0, 0, canvas.width, canvas.height);
    this.drawDots(context, marks.slice(0, MOVING_LIMIT));
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
    this.moving = this.moving.filter(({ startMs, forMs }) => nowMs < startMs + forMs);
    const begun = this.moving.filter(({ startMs }) => nowMs >= startMs);
    this.drawDots(
      context,
      begun.map((mark) => stillOf(mark, nowMs)),
    );
    if (this.moving.length > 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  /** Those of one colour and strength are one shape: so few calls draw however many there are. */
  private drawDots(context: CanvasRenderingContext2D, marks: readonly StillMark[]): void {
    const groups = new Map<string, StillMark[]>();
    for (const mark of marks) {
      const key = `${mark.kind} ${Math.ceil(mark.strength * STRENGTHS)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [mark]);
      else group.push(mark);
    }
    for (const group of groups.values()) {
      for (let step = TAIL_STEPS; step >= 0; step -= 1) this.drawStep(context, group, step);
    }
    context.globalAlpha = 1;
  }

  /** The dots themselves (0), or those so many steps behind them. */
  private drawStep(
    context: CanvasRenderingContext2D,
    group: readonly StillMark[],
    step: number,
  ): void {
    const [first] = group;
    if (first === undefined) return;
    const small = first.kind === 'heartbeat' ? 0.55 : 1;
    const radius = small * RADIUS_PIXELS * (1 - step / (TAIL_STEPS * 1.6));
    context.fillStyle = this.colours.get(first.kind) ?? '#888';
    context.globalAlpha = first.strength * (step === 0 ? 1 : 0.32 * (1 - step / (TAIL_STEPS + 1)));
    context.beginPath();
    for (const { from, to, share } of group) {
      const at = share - step * TAIL_SHARE;
      if (at < 0) continue;
      const { x, y } = pointOn(this.geography?.way(from, to) ?? [], at);
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
  }
}

/** Where a moving mark is now. */
function stillOf({ from, to, kind, startMs, forMs }: Moving, nowMs: number): StillMark {
  return { from, to, kind, share: (nowMs - startMs) / forMs, strength: 1 };
}
