import { z } from 'zod';
import { SITES_LIMIT } from '../protocol/log-entry.js';
import type { CoordinatorDocuments, Revised } from '../protocol/ports.js';

export type CoordinatorKey = keyof CoordinatorDocuments & string;
export type CoordinatorValue = CoordinatorDocuments[CoordinatorKey];

const name = z.string().max(256);
const count = z.int().nonnegative();
/** Names are `bucket/path`; the path has at most 1,024 bytes. */
const fileName = z.string().max(2048);

const claimSchema = z.object({
  shard: name,
  epoch: count,
  site: name,
  run: name,
  claimMs: z.number().nonnegative(),
  renewal: count,
  released: z.boolean(),
  successor: name,
});

const siteSchema = z.object({ site: name, incarnation: count, starts: count });

const patternSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exact'), name: fileName }),
  z.object({ kind: z.literal('prefix'), prefix: fileName }),
]);

const tableSchema = z.object({
  version: count,
  rules: z
    .array(
      z.object({
        pattern: z.union([patternSchema, z.object({ kind: z.literal('default') })]),
        shards: z.array(name).max(1024),
      }),
    )
    .max(10_000),
  pending: z
    .object({
      pattern: patternSchema,
      to: name,
      state: z.enum(['leaving', 'entering', 'aborting']),
    })
    .nullable(),
});

const settingsSchema = z.object({
  clusterId: name,
  sites: z.array(name).max(1024),
  replicas: count,
  writeQuorum: count,
  readQuorum: count,
});

const sitesSchema = z.object({
  version: count,
  sites: z.array(name).max(SITES_LIMIT),
  writeQuorum: count,
  since: z.record(name, count),
  addresses: z
    .array(
      z.object({
        site: name,
        displayName: name,
        host: name,
        peerPort: z.int().min(1).max(65_535),
        httpUrl: z.string().max(1024),
      }),
    )
    .max(1024),
  change: z
    .object({
      kind: z.enum(['add', 'remove', 'replace']),
      site: name,
      state: z.enum(['preparing', 'configuring', 'settling']),
      writeQuorum: count,
    })
    .nullable(),
});

export const keySchema = z
  .string()
  .max(300)
  .refine((key) => valueSchemaOf(key) !== null, 'not a key of the coordinator')
  .transform((key) => key as CoordinatorKey);

export const revisionSchema = z.int().nonnegative();

function valueSchemaOf(key: string): z.ZodType<CoordinatorValue> | null {
  if (/^claim\/.+/.test(key)) return claimSchema;
  if (/^site\/.+/.test(key)) return siteSchema;
  if (key === 'table') return tableSchema;
  if (key === 'settings') return settingsSchema;
  if (key === 'sites') return sitesSchema;
  return null;
}

export type ParsedValue =
  | { readonly ok: true; readonly value: CoordinatorValue }
  | { readonly ok: false; readonly message: string };

/** Judges a value by the kind of its key. Unknown fields are dropped. */
export function parseValue(key: string, value: unknown): ParsedValue {
  const schema = valueSchemaOf(key);
  if (schema === null) return { ok: false, message: `${key} is not a key of the coordinator` };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, message: z.prettifyError(parsed.error) };
}

/** The primary table that a text in JSON holds; null if it holds none. */
export function tableFrom(text: string): CoordinatorDocuments['table'] | null {
  try {
    const parsed = tableSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

const revisedSchema = z.object({ value: z.unknown(), revision: revisionSchema });

/** A record that came over the wire or from disk; null when it is not one. */
export function parseRevised(key: string, data: unknown): Revised<CoordinatorValue> | null {
  const parsed = revisedSchema.safeParse(data);
  if (!parsed.success) return null;
  const { value, revision } = parsed.data;
  if (value === null || value === undefined) {
    return revision === 0 ? { value: null, revision } : null;
  }
  const judged = parseValue(key, value);
  return judged.ok && revision > 0 ? { value: judged.value, revision } : null;
}
