import type { Mutant } from '../src/simulator/mutants/mutant.js';

/** Section 3: a replica that the log does not reach any more. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'snapshot-offered-for-ever',
    title: 'A snapshot is offered until a mismatch comes, which an acknowledgement outran.',
    scenario: 'snapshot-ends-with-an-acknowledgement',
    edits: [
      {
        file: 'protocol/shard/replication.ts',
        find: '  if (message.durableSeq >= (replica.snapshotSeq ?? Infinity)) replica.snapshotSeq = null;\n',
        replace: '',
      },
    ],
  },
];
