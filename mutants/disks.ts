import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { BUSY, LARGE } from './pins.js';

/** Section 3 of the design: what is acknowledged, and what a disk write that ends may say. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'acknowledges-before-sync',
    title: 'A replica acknowledges what is still on its way to disk.',
    only: ['process', 'disk'],
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: 'let seq = Math.min(s.durable.syncedSeq, endSeq(s.log));',
        replace: 'let seq = endSeq(s.log);',
      },
    ],
  },
  {
    id: 'acknowledges-before-content',
    title: 'A replica acknowledges an entry whose chunks are not here yet.',
    only: ['process', 'network'],
    set: { ...LARGE, 'process.crashEveryMs': 2500 },
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: 'for (const missing of s.missing.keys()) if (missing <= seq) seq = missing - 1;',
        replace: '',
      },
    ],
  },
  {
    id: 'failed-sync-ignored',
    title: 'A failed fsync is taken for a success, as a retry would make it look.',
    only: ['disk', 'process'],
    edits: [
      {
        file: 'protocol/shard/step.ts',
        find: '  if (failure !== null) {\n    // †',
        replace: '  if (failure?.message === "never") {\n    // †',
      },
    ],
  },
  {
    id: 'acknowledges-log-end',
    title: 'An acknowledgement names the end of the log, not what this append proved equal.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: 'durableSeq: Math.min(acknowledgeableSeq(step), s.provenSeq),',
        replace: 'durableSeq: acknowledgeableSeq(step),',
      },
    ],
  },
  {
    id: 'cut-leaves-sync-mark',
    title: 'A disk write that ends after a cut still counts for the entries that replaced its own.',
    only: ['network', 'process', 'disk'],
    set: {
      ...BUSY,
      'disk.syncMostMs': 80,
      'process.ambushEveryMs': 500,
      'process.blackoutEveryMs': 4000,
      'network.isolateEveryMs': 3000,
    },
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: '  for (const pending of s.disk.inFlight) pending.endSeq = Math.min(pending.endSeq, fromSeq - 1);\n  s.durable.syncedSeq = Math.min(s.durable.syncedSeq, fromSeq - 1);\n',
        replace: '',
      },
    ],
  },
];
