import * as z from 'zod';
import { collectBody, sendContinue } from '../http-body.js';
import type { Exchange } from './exchange.js';
import { refusal, type Refusal } from './problem.js';

const JSON_LIMIT_BYTES = 64 * 1024;

/** The JSON body of a request, up to 64 KiB. `example` tells a client what is expected. */
export async function readJsonBody<T>(
  exchange: Exchange,
  schema: z.ZodType<T>,
  example: string,
): Promise<{ readonly ok: true; readonly value: T } | Refusal> {
  sendContinue(exchange);
  const bytes = await collectBody(exchange.request, JSON_LIMIT_BYTES);
  if (bytes === null) {
    const detail = `the body was cut off or is longer than ${JSON_LIMIT_BYTES} bytes`;
    return refusal('body_incomplete', detail);
  }
  const read = schema.safeParse(parseJson(bytes));
  if (read.success) return { ok: true, value: read.data };
  return refusal('malformed_json', `expected ${example}: ${z.prettifyError(read.error)}`);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
