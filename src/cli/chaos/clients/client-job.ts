import * as z from 'zod';

const Endpoint = z.object({ site: z.string(), url: z.string() });

/** What a process of clients is told at its start. */
export const ClientJob = z.object({
  group: z.int(),
  seed: z.int(),
  bucket: z.string(),
  /** Operations of this process are numbered from here. */
  firstId: z.int(),
  /** Time 0 of the history, on the machine's own clock. */
  originMs: z.number(),
  historyFile: z.string(),
  http: z.array(Endpoint),
  s3: z.array(Endpoint),
  key: z.object({ accessKeyId: z.string(), secret: z.string() }),
  /** Mean pause of each client between two operations. */
  pauseMs: z.number(),
});
export type ClientJob = z.infer<typeof ClientJob>;

/** What it says of itself now and then, and at its end. */
export const ClientTold = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('counts'), counts: z.record(z.string(), z.number()) }),
  /** Everything is written down. */
  z.object({
    kind: z.literal('done'),
    counts: z.record(z.string(), z.number()),
    findings: z.array(z.object({ invariant: z.string(), message: z.string() })),
  }),
]);
export type ClientTold = z.infer<typeof ClientTold>;
