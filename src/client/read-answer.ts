import type * as z from 'zod';
import type { Answer, Failure } from './attempts.js';
import { failed, parseJson } from './attempts.js';
import { readText } from './site-endpoint.js';

export type ReadResult<T> =
  | { readonly ok: true; readonly value: T; readonly site: string }
  | Failure;

/** The longest answer that is read whole. */
export const JSON_LIMIT_BYTES = 16 * 1024 * 1024;

/** What a site answered in JSON. */
export async function readAnswer<T>(answer: Answer, schema: z.ZodType<T>): Promise<ReadResult<T>> {
  const text = await readText(answer.body, JSON_LIMIT_BYTES);
  if (text === null) {
    return failed('broken', `${answer.site}: the answer broke off`, answer.site, false);
  }
  const value = schema.safeParse(parseJson(text));
  if (value.success) return { ok: true, value: value.data, site: answer.site };
  const message = `${answer.site} gave an answer that is not understood: ${value.error.message}`;
  return failed('malformed_answer', message, answer.site, false);
}
