/*
 * CRC-64/NVME: polynomial ad93d23594c93659, here in reversed bit order; starts at all ones and is
 * inverted at the end. Eight bytes a step, each through a table of its own ("slicing by eight",
 * Kounavis and Berry 2005). 64 bits are two halves, because wide integers are slow here.
 */

const POLYNOMIAL_LOW = 0xac4bc9b5;
const POLYNOMIAL_HIGH = 0x9a6c9329;
const SLICES = 8;
const SLICE = 256;

const { low: LOW, high: HIGH } = tables();

/** The CRC of bytes that come piece by piece. */
export class Crc64Nvme {
  private low = -1;
  private high = -1;

  update(bytes: Uint8Array): void {
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const wholeBytes = bytes.length - (bytes.length % SLICES);
    let { low, high } = this;
    for (let at = 0; at < wholeBytes; at += SLICES) {
      const first = low ^ words.getInt32(at, true);
      const second = high ^ words.getInt32(at + 4, true);
      const a = 7 * SLICE + (first & 255);
      const b = 6 * SLICE + ((first >>> 8) & 255);
      const c = 5 * SLICE + ((first >>> 16) & 255);
      const d = 4 * SLICE + (first >>> 24);
      const e = 3 * SLICE + (second & 255);
      const f = 2 * SLICE + ((second >>> 8) & 255);
      const g = SLICE + ((second >>> 16) & 255);
      const h = second >>> 24;
      low = xorOf(LOW, a, b, c, d) ^ xorOf(LOW, e, f, g, h);
      high = xorOf(HIGH, a, b, c, d) ^ xorOf(HIGH, e, f, g, h);
    }
    for (let at = wholeBytes; at < bytes.length; at += 1) {
      const index = (low ^ (bytes[at] ?? 0)) & 255;
      low = ((low >>> 8) | (high << 24)) ^ (LOW[index] ?? 0);
      high = (high >>> 8) ^ (HIGH[index] ?? 0);
    }
    this.low = low;
    this.high = high;
  }

  /** 16 lower-case hex digits. */
  digest(): string {
    return hexOf(~this.high) + hexOf(~this.low);
  }
}

function xorOf(table: Int32Array, a: number, b: number, c: number, d: number): number {
  return table[a]! ^ table[b]! ^ table[c]! ^ table[d]!;
}

function hexOf(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0');
}

/** Slice n is what a byte comes to with n zero bytes behind it. */
function tables(): { low: Int32Array; high: Int32Array } {
  const lows = new Int32Array(SLICES * SLICE);
  const highs = new Int32Array(SLICES * SLICE);
  for (let byte = 0; byte < SLICE; byte += 1) {
    let low = byte;
    let high = 0;
    for (let bit = 0; bit < 8; bit += 1) {
      const carried = (low & 1) === 1;
      low = (low >>> 1) | (high << 31);
      high >>>= 1;
      if (carried) {
        low ^= POLYNOMIAL_LOW;
        high ^= POLYNOMIAL_HIGH;
      }
    }
    lows[byte] = low;
    highs[byte] = high;
  }
  for (let at = SLICE; at < SLICES * SLICE; at += 1) {
    const low = lows[at - SLICE] ?? 0;
    const high = highs[at - SLICE] ?? 0;
    lows[at] = ((low >>> 8) | (high << 24)) ^ (lows[low & 255] ?? 0);
    highs[at] = (high >>> 8) ^ (highs[low & 255] ?? 0);
  }
  return { low: lows, high: highs };
}
