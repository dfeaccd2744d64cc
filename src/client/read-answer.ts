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
  const text = await readTextAnswer(answer);
  if (!text.ok) return text;
  const value = schema.safeParse(parseJson(text.value));
  if (value.success) return { ok: true, value: value.data, site: answer.site };
  const message = `${answer.site} gave an answer that is not understood: ${value.error.message}`;
  return failed('malformed_answer', message, answer.site, false);
}

/** The answer as text, up to the limit of one in JSON. */
export async function readTextAnswer(answer: Answer): Promise<ReadResult<string>> {
  const { body, site } = answer;
  const value = await readText(body, JSON_LIMIT_BYTES);
  if (value !== null) return { ok: true, value, site };
  return failed('broken', `${site}: the answer broke off`, site, false);
}
