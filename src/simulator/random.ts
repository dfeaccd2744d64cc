import type { TraceHash } from './trace-hash.js';

const TWO_TO_32 = 4_294_967_296;

/** FNV-1a with a final mix: spreads a label or seed over 32 bits. */
function mixText(text: string, start: number): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * The only source of chance in a run: sfc32 (Chris Doty-Humphrey, PractRand), seeded from a text.
 * Every draw is fed to the trace hash, if there is one. Not for secrets.
 */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(
    private readonly seed: string | number,
    private readonly trace?: TraceHash,
  ) {
    const text = String(seed);
    this.a = mixText(text, 0x811c9dc5);
    this.b = mixText(text, 0x9e3779b9);
    this.c = mixText(text, 0x85ebca6b);
    for (let round = 0; round < 12; round += 1) this.step();
  }

  /** A stream of its own, made from this one's seed and the label: draws here do not move it. */
  fork(label: string): Random {
    return new Random(`${this.seed}/${label}`, this.trace);
  }

  /** 32 random bits, unsigned. */
  word(): number {
    const value = this.step();
    this.trace?.word(value);
    return value;
  }

  /** In [0, 1). */
  fraction(): number {
    return this.word() / TWO_TO_32;
  }

  /** A whole number in [0, limit); `limit` is 1 to 2^32. */
  int(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** A real number in [low, high). */
  between(low: number, high: number): number {
    return low + this.fraction() * (high - low);
  }

  /** Draws even at 0 and 1, so that turning a fault off does not move what follows. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Throws on an empty list. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('pick from nothing');
    return items[this.int(items.length)]!;
  }

  /** Exponentially distributed with this mean: gaps between events that know nothing of each other. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.fraction());
  }

  /** A new list in random order (Fisher–Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let index = result.length - 1; index > 0; index -= 1) {
      const other = this.int(index + 1);
      [result[index], result[other]] = [result[other]!, result[index]!];
    }
    return result;
  }

  private step(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    this.c |= 0;
    return sum >>> 0;
  }
}
