import * as z from 'zod';
import {
  type CoordinatorKey,
  type CoordinatorValue,
  keySchema,
  parseValue,
} from '../coordinator-schema.js';
import type { StoredRecord } from '../coordinator-state.js';
import type { KeyValue } from './etcd-messages.js';

/** What a key of etcd holds: the document, and which attempt wrote it. */
const Stored = z.object({
  format: z.literal(1),
  attempt: z.string().max(64),
  value: z.unknown(),
});

export type ReadDocument =
  | {
      readonly ok: true;
      readonly key: CoordinatorKey;
      readonly record: StoredRecord;
      readonly attempt: string;
    }
  | { readonly ok: false; readonly message: string };

export function writeDocument(value: CoordinatorValue, attempt: string): Uint8Array {
  return Buffer.from(JSON.stringify({ format: 1, attempt, value }));
}

/** Reads what stands under `prefix` + key. */
export function readDocument(prefix: string, found: KeyValue): ReadDocument {
  const key = keySchema.safeParse(found.key.slice(prefix.length));
  const refuse = (why: string): ReadDocument => {
    return { ok: false, message: `what etcd holds under ${found.key} is not understood: ${why}` };
  };
  if (!found.key.startsWith(prefix) || !key.success) return refuse('no key of a coordinator');
  let data: unknown;
  try {
    data = JSON.parse(Buffer.from(found.value).toString()) as unknown;
  } catch {
    return refuse('not JSON');
  }
  const stored = Stored.safeParse(data);
  if (!stored.success) return refuse(z.prettifyError(stored.error));
  const judged = parseValue(key.data, stored.data.value);
  if (!judged.ok) return refuse(judged.message);
  const record = { value: judged.value, revision: found.modRevision };
  return { ok: true, key: key.data, record, attempt: stored.data.attempt };
}
