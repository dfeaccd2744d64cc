import * as z from 'zod';

/*
 * Faults on purpose, on a cluster that was started on one machine to be looked at: a site is
 * stopped, killed or paused, a link cut or slowed down. Only such a cluster has what does it.
 */

const siteId = z.string().regex(/^[a-z0-9-]{1,32}$/);

export const FaultRequest = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('site'),
    site: siteId,
    /** `pause`: its process stands still, and does not know. */
    action: z.enum(['stop', 'start', 'kill', 'pause', 'resume']),
  }),
  z.strictObject({
    kind: z.literal('link'),
    a: siteId,
    b: siteId,
    cut: z.boolean().default(false),
    /** On top of the usual round trip. */
    addedMs: z.number().min(0).max(5000).default(0),
  }),
]);
export type FaultRequest = z.infer<typeof FaultRequest>;

export const FaultStatus = z.object({
  sites: z.array(z.object({ site: z.string(), state: z.string() })),
  /** Only those that are not as usual. */
  links: z.array(z.object({ a: z.string(), b: z.string(), cut: z.boolean(), addedMs: z.number() })),
});
export type FaultStatus = z.infer<typeof FaultStatus>;

export type FaultOutcome =
  | { readonly ok: true; readonly status: FaultStatus }
  /** `message` is a sentence for people. */
  | { readonly ok: false; readonly message: string };

export interface FaultControl {
  /** Null only asks how things stand. */
  act(request: FaultRequest | null): Promise<FaultOutcome>;
}
