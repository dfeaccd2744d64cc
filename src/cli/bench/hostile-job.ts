import * as z from 'zod';

/** What a hostile client does on its connection; they take them in turns. */
export const HOSTILE_KINDS = [
  'garbage',
  'slow headers',
  'slow body',
  'half-open',
  'idle',
  'never reads',
] as const;
export type HostileKind = (typeof HOSTILE_KINDS)[number];

/** The variable of that process's environment that says it. */
export const HOSTILE_VARIABLE = 'QUORATE_HOSTILE_JOB';

export const HostileJob = z.object({
  connections: z.int().min(1),
  httpPort: z.int(),
  s3Port: z.int(),
  /** Where slow bodies go, over HTTP … */
  writePath: z.string(),
  /** … with a key of their own: a header's line with its end. */
  authorization: z.string(),
  /** Large, and read over S3 by anybody. */
  readPath: z.string(),
});
export type HostileJob = z.infer<typeof HostileJob>;

/** What it tells when asked. */
export const HostileCounts = z.object({ opened: z.int(), closed: z.int() });
export type HostileCounts = z.infer<typeof HostileCounts>;
