import { randomBytes, scrypt } from 'node:crypto';
import * as z from 'zod';
import { isSameSecret } from '../secret-comparison.js';

/** How a password is kept: stretched by scrypt, with what that was done with. */
export const PasswordHash = z.object({
  kind: z.literal('scrypt'),
  cost: z.int().min(2).max(131_072),
  blocks: z.int().min(1).max(16),
  passes: z.int().min(1).max(16),
  salt: z.string(),
  hash: z.string(),
});
export type PasswordHash = z.infer<typeof PasswordHash>;

/** 32 MiB and about a quarter of a second of one core for each guess. */
const COSTS = { cost: 32_768, blocks: 8, passes: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(SALT_BYTES).toString('base64url');
  const made = { kind: 'scrypt' as const, ...COSTS, salt };
  return { ...made, hash: await stretched(password, made) };
}

export async function isPassword(password: string, kept: PasswordHash): Promise<boolean> {
  return isSameSecret(await stretched(password, kept), kept.hash);
}

function stretched(
  password: string,
  { cost: N, blocks: r, passes: p, salt }: Omit<PasswordHash, 'hash'>,
): Promise<string> {
  const options = { N, r, p, maxmem: 256 * N * r };
  return new Promise((resolve, reject) => {
    // The same password typed on two systems can come in two normal forms.
    const text = password.normalize('NFC');
    scrypt(text, Buffer.from(salt, 'base64url'), HASH_BYTES, options, (error, hash) => {
      if (error === null) resolve(hash.toString('base64url'));
      else reject(error);
    });
  });
}
