import * as z from 'zod';

const Pattern = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('exact'), name: z.string() }),
  z.object({ kind: z.literal('prefix'), prefix: z.string() }),
]);

/** The rules of a primary table between two changes, as the coordinator has them. */
export const TableDocument = z.object({
  version: z.int().nonnegative(),
  rules: z.array(
    z.object({
      pattern: z.union([Pattern, z.object({ kind: z.literal('default') })]),
      shards: z.array(z.string()),
    }),
  ),
  pending: z.null(),
});

/** What a backup says of the cluster beside its files. */
export const BackupAnswer = z.object({
  cluster: z.object({
    clusterId: z.string(),
    sites: z.array(z.string()),
    replicas: z.int(),
    writeQuorum: z.int(),
    readQuorum: z.int(),
  }),
  shards: z.array(z.string()),
  table: TableDocument,
});
export type BackupAnswer = z.infer<typeof BackupAnswer>;
