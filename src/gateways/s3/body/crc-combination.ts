/*
 * The CRC of two contents one after the other, from the CRC of each and the length of the second:
 * the first is multiplied by x to the power of that length in bits, modulo the polynomial, and
 * added to the second (Mark Adler's crc32_combine in zlib, for any width). Bits are reflected.
 */

export type CrcName = 'crc32' | 'crc32c' | 'crc64nvme';

interface Field {
  /** The polynomial, reflected. */
  readonly polynomial: bigint;
  /** The element 1, which is the highest bit when reflected. */
  readonly one: bigint;
  readonly digits: number;
}

const FIELDS: Readonly<Record<CrcName, Field>> = {
  crc32: { polynomial: 0xedb88320n, one: 1n << 31n, digits: 8 },
  crc32c: { polynomial: 0x82f63b78n, one: 1n << 31n, digits: 8 },
  crc64nvme: { polynomial: 0x9a6c9329ac4bc9b5n, one: 1n << 63n, digits: 16 },
};

export interface CrcOfPart {
  readonly hex: string;
  readonly sizeBytes: number;
}

/** The CRC of all parts one after the other, in hexadecimal; there is at least one. */
export function combineCrcs(name: CrcName, parts: readonly CrcOfPart[]): string {
  const field = FIELDS[name];
  const shifts = new Map<number, bigint>();
  let combined = 0n;
  for (const { hex, sizeBytes } of parts) {
    // Parts of one upload are nearly all of one size.
    let shift = shifts.get(sizeBytes);
    if (shift === undefined) {
      shift = powerOfX(field, BigInt(sizeBytes) * 8n);
      shifts.set(sizeBytes, shift);
    }
    combined = multiply(field, shift, combined) ^ BigInt(`0x${hex}`);
  }
  return combined.toString(16).padStart(field.digits, '0');
}

function multiply({ polynomial, one }: Field, a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let bit = one; bit > 0n; bit >>= 1n) {
    if ((a & bit) !== 0n) product ^= b;
    b = (b & 1n) === 0n ? b >> 1n : (b >> 1n) ^ polynomial;
  }
  return product;
}

function powerOfX(field: Field, exponent: bigint): bigint {
  let power = field.one;
  let square = field.one >> 1n;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) !== 0n) power = multiply(field, square, power);
    square = multiply(field, square, square);
  }
  return power;
}
