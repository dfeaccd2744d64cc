import { z } from 'zod';

/** One rule of what pages of other origins may do with a bucket (CORS). */
export interface CorsRule {
  readonly id?: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
}

/** What a bucket's record says beside that there is such a bucket. */
export interface BucketSettings {
  /** When the bucket was made, where the record was written again since; else null. */
  readonly createdMs: number | null;
  /** The access key that made it; '' where nobody in particular did. */
  readonly owner: string;
  /** Whether writes over S3 keep what they replace under a version id of its own. */
  readonly versioning: 'off' | 'enabled' | 'suspended';
  /** Whether anybody may read and list it over S3 without a key. */
  readonly anonymousRead: boolean;
  readonly cors: readonly CorsRule[];
  /** How long and how many replaced versions are kept; null: for ever, any number. */
  readonly retention: { readonly days: number | null; readonly versions: number | null };
  readonly tags: Readonly<Record<string, string>>;
}

/** For buckets that nobody said anything about: every version for 30 days. */
export const DEFAULT_RETENTION_DAYS = 30;

export const DEFAULT_SETTINGS: BucketSettings = {
  createdMs: null,
  owner: '',
  versioning: 'off',
  anonymousRead: false,
  cors: [],
  retention: { days: DEFAULT_RETENTION_DAYS, versions: null },
  tags: {},
};

/** Longest settings in bytes of JSON. */
export const SETTINGS_LIMIT_BYTES = 32 * 1024;

const text = z.string().max(1024);
const texts = z.array(text).max(100);
const SCHEMA = z.object({
  v: z.literal(1),
  createdMs: z.number().nonnegative().nullable(),
  owner: text,
  versioning: z.enum(['off', 'enabled', 'suspended']),
  anonymousRead: z.boolean(),
  cors: z
    .array(
      z.object({
        id: text.optional(),
        allowedOrigins: texts,
        allowedMethods: texts,
        allowedHeaders: texts,
        exposeHeaders: texts,
        maxAgeSeconds: z.number().int().nonnegative().optional(),
      }),
    )
    .max(100),
  retention: z.object({
    days: z.number().positive().nullable(),
    versions: z.number().int().nonnegative().nullable(),
  }),
  tags: z.record(text, text),
});

/** A record's bytes; null for what no version of this program wrote. Empty: the defaults. */
export function readSettings(bytes: Uint8Array): BucketSettings | null {
  if (bytes.length === 0) return DEFAULT_SETTINGS;
  try {
    const parsed = SCHEMA.safeParse(JSON.parse(Buffer.from(bytes).toString()));
    if (!parsed.success) return null;
    const { v: _version, ...settings } = parsed.data;
    return settings;
  } catch {
    return null;
  }
}

export function writeSettings(settings: BucketSettings): Uint8Array {
  return Buffer.from(JSON.stringify({ v: 1, ...settings }));
}
