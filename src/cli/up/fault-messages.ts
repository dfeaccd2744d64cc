import * as z from 'zod';
import { FaultRequest, FaultStatus } from '../../gateways/native-http/fault-control.js';

/*
 * What the process of a site and the one that started it say to each other over their channel. The
 * channel is theirs alone: what comes over it needs no key.
 */

export const ChildMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  // `retired`: the cluster has no place for the site, and it is not to be started again.
  z.object({ kind: z.literal('failed'), message: z.string(), retired: z.boolean().optional() }),
  z.object({ kind: z.literal('fault'), id: z.number(), request: FaultRequest.nullable() }),
]);
export type ChildMessage = z.infer<typeof ChildMessage>;

export const ParentMessage = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('link'),
    a: z.string(),
    b: z.string(),
    change: z.object({ cut: z.boolean(), rttMs: z.number(), jitterMs: z.number() }),
  }),
  z.object({
    kind: z.literal('fault-done'),
    id: z.number(),
    outcome: z.union([
      z.object({ ok: z.literal(true), status: FaultStatus }),
      z.object({ ok: z.literal(false), message: z.string() }),
    ]),
  }),
]);
export type ParentMessage = z.infer<typeof ParentMessage>;
