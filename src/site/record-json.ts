import type * as z from 'zod';
import type { FileVersion } from '../protocol/file-version.js';

/** What a record says in JSON; null for what no version of this program wrote. */
export function readRecordJson<T>({ content }: FileVersion, schema: z.ZodType<T>): T | null {
  if (content?.kind !== 'inline') return null;
  try {
    const parsed = schema.safeParse(JSON.parse(Buffer.from(content.bytes).toString()));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
