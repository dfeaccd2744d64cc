import * as z from 'zod';

/** What the disk shim in a site's process is told over the process's channel. */
export const DiskOrder = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('disk'),
    /** `fails`: every sync from now on gives EIO, and what it was to save is gone. */
    syncs: z.enum(['work', 'fail']),
    /** Each sync takes this much longer. */
    syncMs: z.number().min(0).max(60_000),
    /** Writes and new files give ENOSPC. */
    isFull: z.boolean(),
  }),
  /** The process ends, and with it everything that was not synced. */
  z.object({ kind: z.literal('power-cut') }),
]);
export type DiskOrder = z.infer<typeof DiskOrder>;

export const GOOD_DISK = {
  kind: 'disk',
  syncs: 'work',
  syncMs: 0,
  isFull: false,
} as const satisfies DiskOrder;
