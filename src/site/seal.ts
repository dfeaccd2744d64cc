import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

export const SEAL_KEY_BYTES = 32;
const HEX_KEY = /^[0-9a-f]{64}$/;

/** The seal of a key file, null when no file is named; or a sentence that says what is wrong. */
export async function readSeal(file: string | undefined): Promise<Seal | string | null> {
  if (file === undefined) return null;
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    return `the key file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!HEX_KEY.test(text)) {
    return `${file} is no key file: it has to hold ${SEAL_KEY_BYTES} bytes in hexadecimal digits`;
  }
  return new Seal(Buffer.from(text, 'hex'));
}

/** The text of a new key file. */
export function newSealKey(): string {
  return `${randomBytes(SEAL_KEY_BYTES).toString('hex')}\n`;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'v1.';

/**
 * Secrets that have to be known again, as signatures need them, sealed with the cluster's key
 * (AES-256-GCM): whoever reads a disk or a backup without that key learns nothing.
 */
export class Seal {
  constructor(private readonly key: Uint8Array) {
    if (key.length !== SEAL_KEY_BYTES)
      throw new Error(`a seal has a key of ${SEAL_KEY_BYTES} bytes`);
  }

  /** A key of its own for one purpose, from which neither the seal nor another one follows. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.key, '', `quorate ${purpose}`, SEAL_KEY_BYTES));
  }

  /** `about` says what the secret belongs to; it opens with nothing else. */
  close(secret: string, about: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(about));
    const sealed = [nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return FORMAT + Buffer.concat(sealed).toString('base64url');
  }

  /** Null for what this key did not seal for this use. */
  open(sealed: string, about: string): string | null {
    if (!sealed.startsWith(FORMAT)) return null;
    const bytes = Buffer.from(sealed.slice(FORMAT.length), 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(about))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString();
    } catch {
      return null;
    }
  }
}
