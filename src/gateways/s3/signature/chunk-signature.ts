import type { ChunkSigning } from './payload-rule.js';
import { hmac } from './signing-keys.js';

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The signature of a chunk of an aws-chunked body, which builds on that of the one before. */
export function chunkSignature(
  { signingKey, amzDate, scope }: ChunkSigning,
  previousSignature: string,
  chunkSha256: string,
): string {
  const text = `AWS4-HMAC-SHA256-PAYLOAD\n${amzDate}\n${scope}\n${previousSignature}\n`;
  return hmac(signingKey, `${text}${EMPTY_SHA256}\n${chunkSha256}`).toString('hex');
}

/** The signature of the trailers, over `name:value\n` of each in the order sent. */
export function trailerSignature(
  { signingKey, amzDate, scope }: ChunkSigning,
  previousSignature: string,
  trailersSha256: string,
): string {
  const text = `AWS4-HMAC-SHA256-TRAILER\n${amzDate}\n${scope}\n${previousSignature}\n`;
  return hmac(signingKey, `${text}${trailersSha256}`).toString('hex');
}
