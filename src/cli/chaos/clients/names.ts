import type { Random } from '../../../simulator/random.js';

/** Hot names change after this long, so that no file's history grows beyond what can be searched. */
export const GENERATION_MS = 15_000;
const HOT_PER_SHARD = 2;
const LARGE_PER_SHARD = 2;
const REMEMBERED = 1000;

/**
 * The names that clients of one process use: a few hot ones that everybody fights for, large ones,
 * and cold ones that are written once or twice. Their first segment says which shard has them.
 */
export class Names {
  private readonly known: string[] = [];
  private cold = 0;

  constructor(
    private readonly bucket: string,
    private readonly homes: readonly string[],
    private readonly group: number,
  ) {}

  hot(random: Random, nowMs: number): string {
    const name = `${this.generation(random, nowMs)}hot${random.int(HOT_PER_SHARD)}`;
    return this.remember(name);
  }

  large(random: Random, nowMs: number): string {
    const minute = Math.floor(nowMs / (8 * GENERATION_MS));
    const name = `${this.bucket}/${random.pick(this.homes)}/large/${minute}-${random.int(LARGE_PER_SHARD)}`;
    return this.remember(name);
  }

  /** One that nobody else writes just now. */
  newCold(random: Random): string {
    this.cold += 1;
    return this.remember(
      `${this.bucket}/${random.pick(this.homes)}/cold/${this.group}-${this.cold}`,
    );
  }

  /** One that some client here has used, long ago perhaps. */
  any(random: Random, nowMs: number): string {
    return this.known.length === 0 ? this.hot(random, nowMs) : random.pick(this.known);
  }

  /** Without the bucket: what is listed together. */
  prefix(random: Random, nowMs: number): string {
    const path = this.generation(random, nowMs).slice(this.bucket.length + 1);
    return random.chance(0.5) ? path : `${path.split('/', 1)[0]}/cold/${this.group}-1`;
  }

  private generation(random: Random, nowMs: number): string {
    const number = Math.floor(nowMs / GENERATION_MS);
    return `${this.bucket}/${random.pick(this.homes)}/g${number}/`;
  }

  private remember(name: string): string {
    if (this.known.at(-1) === name) return name;
    this.known.push(name);
    if (this.known.length > REMEMBERED) this.known.shift();
    return name;
  }
}
