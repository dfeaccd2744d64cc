import { isUploadId } from './http-answers.js';
import { hasAddress } from './http-files.js';
import { isSendableName } from './options.js';

/** What an upload that was begun goes on by. */
export interface UploadToken {
  readonly name: string;
  readonly upload: string;
  readonly size: number;
  readonly partBytes: number;
  readonly fingerprint: string;
}

const FORMAT = 1;
/** Of a name and a fingerprint of the longest, with every character escaped. */
const LIMIT_CHARACTERS = 16 * 1024;

/** As its holder keeps it: text, to be understood by this client alone. */
export function formatToken(token: UploadToken): string {
  return JSON.stringify({ v: FORMAT, ...token });
}

/** Null for anything else than a token. */
export function parseToken(text: string): UploadToken | null {
  if (text.length > LIMIT_CHARACTERS) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { v, name, upload, size, partBytes, fingerprint } = value as Record<string, unknown>;
  if (v !== FORMAT || typeof name !== 'string' || !isUploadId(upload)) return null;
  if (!isSendableName(name) || !hasAddress(name)) return null;
  if (!isCount(size) || !isPartBytes(partBytes) || typeof fingerprint !== 'string') return null;
  return { name, upload, size, partBytes, fingerprint };
}

const PART_LEAST_BYTES = 5 * 1024 * 1024;
const PART_MOST_BYTES = 1024 * 1024 * 1024;

/** What sites take as a part that is not the last. */
export function isPartBytes(value: unknown): value is number {
  return isCount(value) && value >= PART_LEAST_BYTES && value <= PART_MOST_BYTES;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
