import * as z from 'zod';

/** The variable of a visitor's environment that says `VisitorPlace`. */
export const PLACE_VARIABLE = 'QUORATE_VISITOR';

/** What the process of a visitor is told at its start. */
export const VisitorPlace = z.object({
  sites: z.array(z.object({ site: z.string(), url: z.string() })).min(1),
  near: z.string(),
  key: z.string(),
});
export type VisitorPlace = z.infer<typeof VisitorPlace>;

export const VisitorQuestion = z.object({
  id: z.int(),
  /** `peek`: only what the cache would serve at this moment, without asking anybody. */
  kind: z.enum(['read', 'peek']),
  name: z.string(),
  timeoutMs: z.number(),
});
export type VisitorQuestion = z.infer<typeof VisitorQuestion>;

export const VisitorMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), site: z.string().nullable() }),
  z.object({
    kind: z.literal('answer'),
    id: z.int(),
    /** Null: it got nothing, for this reason. */
    version: z.number().nullable(),
    text: z.string(),
    freshness: z.string(),
    reason: z.string(),
  }),
  /** The entry turned invalid by push, at this moment of the machine's own clock. */
  z.object({ kind: z.literal('invalidated'), name: z.string(), atMs: z.number() }),
]);
export type VisitorMessage = z.infer<typeof VisitorMessage>;
export type VisitorAnswer = Extract<VisitorMessage, { kind: 'answer' }>;
