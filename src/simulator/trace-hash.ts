const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

/**
 * A running 64-bit hash over everything that happened in a run, cheap enough to be fed with every
 * random draw and every event. Two runs of one seed must end with the same value; a difference
 * means that something outside the seed had a say. Not cryptographic.
 */
export class TraceHash {
  private low = 0x9e3779b9;
  private high = 0x85ebca6b;
  private fed = 0;

  /** Feeds 32 bits; anything above is dropped. */
  word(value: number): void {
    this.low = Math.imul(this.low ^ value, 0x2c1b3c6d);
    this.low ^= this.low >>> 15;
    this.high = Math.imul(this.high + this.low, 0x297a2d39) ^ value;
    this.high = (this.high << 13) | (this.high >>> 19);
    this.fed += 1;
  }

  /** Feeds any number, bit for bit. */
  number(value: number): void {
    bits[0] = value;
    this.word(words[0]!);
    this.word(words[1]!);
  }

  text(value: string): void {
    for (let index = 0; index < value.length; index += 1) this.word(value.charCodeAt(index));
    this.word(value.length ^ 0x5bd1e995);
  }

  /** How many words were fed: the first thing to compare when two runs differ. */
  get count(): number {
    return this.fed;
  }

  /** 16 lower-case hex digits. */
  value(): string {
    const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, '0');
    return hex(this.high) + hex(this.low ^ this.fed);
  }
}
