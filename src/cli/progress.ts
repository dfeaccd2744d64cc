import { bytesText } from './figures.js';
import type { World } from './world.js';

const STEP_MS = 100;
const QUIET_MS = 500;

/** A line on the error stream about a long transfer; on terminals only. */
export class Progress {
  readonly #world: World;
  readonly #total: number | undefined;
  readonly #startMs = performance.now();
  #lastMs = performance.now() + QUIET_MS;
  #bytes = 0;
  #shown = false;

  constructor(world: World, totalBytes?: number) {
    this.#world = world;
    this.#total = totalBytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    const nowMs = performance.now();
    if (this.#world.err.isTTY !== true || nowMs - this.#lastMs < STEP_MS) return;
    this.#lastMs = nowMs;
    this.#shown = true;
    const rate = bytesText((this.#bytes / (nowMs - this.#startMs)) * 1000);
    const total = this.#total;
    const part = total === undefined ? '' : ` of ${bytesText(total)}`;
    const percent = total ? `${Math.floor((100 * this.#bytes) / total)} %  ` : '';
    this.#world.err.write(`\r\x1b[K${percent}${bytesText(this.#bytes)}${part}  ${rate}/s`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) this.#world.err.write('\r\x1b[K');
    this.#shown = false;
  }

  /** What was moved, how fast. */
  summary(): string {
    const seconds = Math.max(0.001, (performance.now() - this.#startMs) / 1000);
    return `${bytesText(this.#bytes)} in ${seconds.toFixed(2)} s (${bytesText(this.#bytes / seconds)}/s)`;
  }
}
