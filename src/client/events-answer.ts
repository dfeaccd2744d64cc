import * as z from 'zod';

/** What `GET /v1/events` answers. */
export const EventsAnswer = z.object({
  site: z.string(),
  events: z.array(
    z.object({
      id: z.int().min(1),
      atMs: z.number(),
      site: z.string(),
      kind: z.string(),
      level: z.string(),
      message: z.string(),
      shard: z.string().optional(),
      fields: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});
export type EventsAnswer = z.infer<typeof EventsAnswer>;
export type ToldEvent = EventsAnswer['events'][number];
