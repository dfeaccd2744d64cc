import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { LISTING } from './pins.js';

/** Buckets that are leased for listings. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'listing-lease-not-asked-back',
    title: 'A write asks for its own file back, and not for the listings that show it.',
    scenario: 'listed-bucket-holds-up-its-writes',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: '    for (const leased of leasedUnder(name)) {\n',
        replace: '    for (const leased of [name]) {\n',
      },
      {
        file: 'protocol/shard/lending.ts',
        find: '  for (const leased of leasedUnder(reach)) {\n',
        replace: '  for (const leased of [reach]) {\n',
      },
    ],
  },
  {
    id: 'listing-lease-not-waited-for',
    title: 'A write is released while another site may list its bucket without it.',
    only: ['network', 'process'],
    set: LISTING,
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: '  for (const leased of leasedUnder(reach)) {\n',
        replace: '  for (const leased of [reach]) {\n',
      },
    ],
  },
  {
    id: 'listing-lease-over-a-pending-write',
    title: 'A bucket is lent for listings while a write in it is not released.',
    scenario: 'bucket-is-not-lent-over-a-pending-write',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: '  if (!isAtRest(step, asker.catalogue)) return null;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'listing-lease-before-the-view',
    title: 'A leased bucket is listed from a view that does not show all that was released.',
    only: ['network', 'process'],
    set: LISTING,
    edits: [
      {
        file: 'protocol/shard-drive.ts',
        find: '      return step.s.viewSeq >= (grant.version?.seq ?? 0);\n',
        replace: '      return step.s.viewSeq >= 0;\n',
      },
    ],
  },
  {
    id: 'listing-lease-from-before-a-write',
    title: 'A grant of a bucket is kept although the log here has a later write in it.',
    scenario: 'old-grant-of-a-bucket-is-not-kept',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  if (knowsNewer(s, name, at)) return;\n',
        replace: '  if (!isCatalogue(name) && knowsNewer(s, name, at)) return;\n',
      },
    ],
  },
];
