import * as z from 'zod';

/* What a site says of how it looks after what it keeps. */

export const ScrubAnswer = z.object({
  running: z.boolean(),
  passes: z.number(),
  chunks: z.number(),
  bytes: z.number(),
  records: z.number(),
  startedMs: z.number().nullable(),
  endedMs: z.number().nullable(),
  damaged: z.number(),
  missing: z.number(),
  repaired: z.number(),
  findings: z.array(z.string()),
});

export const UpkeepAnswer = z.object({
  collected: z.object({ rounds: z.number(), chunks: z.number(), bytes: z.number() }),
  scrub: ScrubAnswer,
});
export type UpkeepAnswer = z.infer<typeof UpkeepAnswer>;

export const VerifyAnswer = z.object({
  equal: z.boolean(),
  views: z.array(
    z.object({
      shard: z.string(),
      site: z.string(),
      position: z.object({ epoch: z.number(), seq: z.number() }).nullable(),
      reason: z.string(),
      differences: z.array(z.object({ record: z.string(), at: z.enum(['here', 'there', 'both']) })),
    }),
  ),
  chunks: z.array(
    z.object({
      shard: z.string(),
      site: z.string(),
      references: z.number().nullable(),
      lacking: z.array(z.string()),
    }),
  ),
});
export type VerifyAnswer = z.infer<typeof VerifyAnswer>;
