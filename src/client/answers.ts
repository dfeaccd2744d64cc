import * as z from 'zod';
import { UpkeepAnswer } from './upkeep-answers.js';

/*
 * What the native API answers, as this client understands it. Keys that are not known here are
 * let pass: a newer site may say more.
 */

export const FileAnswer = z.object({
  bucket: z.string(),
  path: z.string(),
  version: z.number(),
  epoch: z.number(),
  seq: z.number(),
  deleted: z.boolean(),
  size: z.number(),
  etag: z.string().nullable(),
  modified: z.string(),
  contentType: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
});
export type FileAnswer = z.infer<typeof FileAnswer>;

export const CommittedAnswer = z.object({
  outcome: z.literal('committed'),
  requestId: z.string(),
  file: FileAnswer,
});

export const ProblemAnswer = z.object({
  status: z.number(),
  code: z.string(),
  title: z.string(),
  detail: z.string(),
  outcome: z.enum(['rejected', 'unknown']).optional(),
  current: z.object({ version: z.number(), deleted: z.boolean() }).optional(),
});
export type ProblemAnswer = z.infer<typeof ProblemAnswer>;

export const ListingAnswer = z.object({
  files: z.array(FileAnswer),
  prefixes: z.array(z.string()),
  next: z.string().nullable(),
});
export type ListingAnswer = z.infer<typeof ListingAnswer>;

export const HistoryAnswer = z.object({
  versions: z.array(FileAnswer),
  next: z.number().nullable(),
});

export const BucketsAnswer = z.object({
  buckets: z.array(z.object({ name: z.string(), created: z.string() })),
});

export const PositionAnswer = z.object({ position: z.string() });

const RuleAnswer = z.object({
  kind: z.enum(['exact', 'prefix', 'default']),
  pattern: z.string(),
  sites: z.array(z.string()),
});

export const PrimaryAnswer = z.object({
  name: z.string(),
  home: z.string(),
  primary: z.string(),
  rule: RuleAnswer,
});

export const TableAnswer = z.object({ version: z.number(), rules: z.array(RuleAnswer) });

export const ChangeAnswer = z.object({
  change: z.object({ kind: z.string(), site: z.string(), state: z.string() }).nullable(),
});

export const ClusterAnswer = z.object({
  site: z.string(),
  version: z.string(),
  s3Url: z.string().nullish(),
  clusterId: z.string(),
  replicas: z.number(),
  writeQuorum: z.number(),
  sites: z.array(
    z.object({
      site: z.string(),
      displayName: z.string(),
      url: z.string(),
      alive: z.boolean(),
      counts: z.boolean().optional(),
      roundTripMs: z.number().nullable(),
      sentBytes: z.number().optional(),
      receivedBytes: z.number().optional(),
      sentMessages: z.record(z.string(), z.number()).optional(),
    }),
  ),
  change: z.object({ kind: z.string(), site: z.string(), state: z.string() }).nullish(),
  shards: z.array(
    z.object({
      shard: z.string(),
      home: z.string(),
      primary: z.string(),
      epoch: z.number(),
      role: z.enum(['primary', 'candidate', 'replica']),
      endSeq: z.number(),
      commitSeq: z.number(),
      appliedSeq: z.number(),
      replicas: z.array(
        z.object({
          site: z.string(),
          connected: z.boolean(),
          behindEntries: z.number(),
          state: z.enum(['current', 'catching_up', 'joining', 'snapshot', 'away']),
        }),
      ),
      leases: z.object({
        held: z.number(),
        heldForMs: z.number(),
        registered: z.number(),
        lent: z.array(z.object({ site: z.string(), files: z.number() })),
        waitingWrites: z.number(),
      }),
    }),
  ),
  leases: z.object({
    sessions: z.number(),
    reads: z.object({
      primary: z.number(),
      lease: z.number(),
      validated: z.number(),
      fetched: z.number(),
    }),
    waitedWrites: z.number(),
    waitedMs: z.number(),
    lapsedHolders: z.number(),
    evicted: z.number(),
  }),
  repairs: z.number(),
  upkeep: UpkeepAnswer.optional(),
  storageFailure: z.string().nullable(),
  certificates: z.array(z.object({ what: z.string(), expiresMs: z.number() })).optional(),
});
export type ClusterAnswer = z.infer<typeof ClusterAnswer>;

export const BucketAnswer = z.object({
  name: z.string(),
  created: z.string(),
  version: z.number(),
  owner: z.string(),
  versioning: z.enum(['off', 'enabled', 'suspended']),
  anonymousRead: z.boolean(),
  retention: z.object({ days: z.number().nullable(), versions: z.number().nullable() }),
  cors: z.array(
    z.looseObject({ allowedOrigins: z.array(z.string()), allowedMethods: z.array(z.string()) }),
  ),
  tags: z.record(z.string(), z.string()),
});
export type BucketAnswer = z.infer<typeof BucketAnswer>;

const KEY_FIELDS = {
  id: z.string(),
  note: z.string(),
  created: z.string(),
  rights: z.array(z.object({ buckets: z.string(), level: z.enum(['read', 'write', 'owner']) })),
};
export const KeyAnswer = z.object(KEY_FIELDS);
export type KeyAnswer = z.infer<typeof KeyAnswer>;
export const NewKeyAnswer = z.object({ ...KEY_FIELDS, secret: z.string() });
export type NewKeyAnswer = z.infer<typeof NewKeyAnswer>;
export const KeysAnswer = z.object({ keys: z.array(KeyAnswer) });
