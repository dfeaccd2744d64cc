/** Simulated time per real time. */
export const SPEEDS = [0.005, 0.02, 0.1, 0.5, 2, 10] as const;

/** How often what is not drawn on the canvas follows. */
const SHOWN_EVERY_MS = 100;
/** After a pause of the page itself, no more than this is played at once. */
const STEP_LIMIT_MS = 100;

/** The hands of a recorded run's clock: only this moves them. */
export class Playback {
  /** Where the run is, as often as the page needs it. */
  shownMs = $state(0);
  isPlaying = $state(false);
  speed = $state<number>(0.1);
  /** To the frame. */
  private exactMs = 0;
  private frame = 0;
  private drawnMs = 0;
  private saidMs = 0;

  constructor(
    readonly endMs: number,
    private readonly draw: (atMs: number) => void,
  ) {}

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play(): void {
    if (this.isPlaying) return;
    if (this.exactMs >= this.endMs) this.exactMs = 0;
    this.isPlaying = true;
    this.drawnMs = performance.now();
    this.frame = requestAnimationFrame(() => this.tick());
  }

  pause(): void {
    cancelAnimationFrame(this.frame);
    this.isPlaying = false;
    this.shownMs = this.exactMs;
  }

  seek(atMs: number): void {
    this.exactMs = Math.min(this.endMs, Math.max(0, atMs));
    this.shownMs = this.exactMs;
    this.draw(this.exactMs);
  }

  /** Draws the same again: what is to be seen of it has changed. */
  redraw(): void {
    this.draw(this.exactMs);
  }

  private tick(): void {
    const nowMs = performance.now();
    const passedMs = Math.min(STEP_LIMIT_MS, nowMs - this.drawnMs);
    this.drawnMs = nowMs;
    this.exactMs = Math.min(this.endMs, this.exactMs + passedMs * this.speed);
    this.draw(this.exactMs);
    if (this.exactMs >= this.endMs) return this.pause();
    if (nowMs - this.saidMs >= SHOWN_EVERY_MS) {
      this.saidMs = nowMs;
      this.shownMs = this.exactMs;
    }
    this.frame = requestAnimationFrame(() => this.tick());
  }
}
