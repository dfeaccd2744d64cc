import * as z from 'zod';

/** What a site has written down of its requests. */
export const AuditAnswer = z.object({
  site: z.string(),
  entries: z.array(
    z.object({
      at: z.string(),
      site: z.string(),
      who: z.string(),
      from: z.string(),
      by: z.string(),
      act: z.string(),
      what: z.string(),
      outcome: z.string(),
      answer: z.string(),
      requestId: z.string(),
    }),
  ),
});
export type AuditAnswer = z.infer<typeof AuditAnswer>;
