import * as z from 'zod';

/** What a process full of clients is told, one command at a time. */
export const SessionCommand = z.discriminatedUnion('kind', [
  /** Opens this many more sessions at each port; `entries`: files each may keep. */
  z.object({
    kind: z.literal('open'),
    ports: z.array(z.int()),
    sessions: z.int(),
    entries: z.int(),
  }),
  /** Every client reads the files `prefix0` to `prefix<names - 1>`; keeps them if `strong`. */
  z.object({
    kind: z.literal('keep'),
    prefix: z.string(),
    names: z.int().min(1),
    mode: z.enum(['strong', 'validate']),
  }),
  /** Clients read, and now and then write, files that few are and some are read very often. */
  z.object({
    kind: z.literal('mix'),
    mode: z.enum(['strong', 'validate']),
    prefixes: z.array(z.string()).min(1),
    names: z.int().min(1),
    readShare: z.number().min(0).max(1),
    bodyBytes: z.int(),
    warmUpMs: z.number(),
    limitMs: z.number(),
    /** Clients answer themselves so fast that they have to pause between two operations. */
    pauseMs: z.number(),
  }),
]);
export type SessionCommand = z.infer<typeof SessionCommand>;

export const MixResult = z.object({
  port: z.int(),
  reads: z.int(),
  writes: z.int(),
  failed: z.int(),
  /** Reads by what they rested on. */
  fromMemory: z.int(),
  underLease: z.int(),
  /** Reads for which another site was asked. */
  askedAway: z.int(),
  medianMs: z.number(),
  p99Ms: z.number(),
  writeMedianMs: z.number(),
});
export type MixResult = z.infer<typeof MixResult>;

export const SessionAnswer = z.discriminatedUnion('kind', [
  /** Sessions that are open. */
  z.object({ kind: z.literal('opened'), sessions: z.int() }),
  /** Entries that are kept, all clients' together. */
  z.object({ kind: z.literal('kept'), entries: z.int() }),
  /** One for each port. */
  z.object({ kind: z.literal('mixed'), results: z.array(MixResult) }),
  z.object({ kind: z.literal('failed'), message: z.string() }),
]);
export type SessionAnswer = z.infer<typeof SessionAnswer>;
