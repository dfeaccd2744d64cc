import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { BUSY } from './pins.js';

/** Section 3: how a replica brings its log into line with the primary’s. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'cuts-on-shorter-append',
    title: 'A replica cuts what follows the entries of an append, however old the append is.',
    only: ['network', 'process'],
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: '  return { entries: [] };\n}',
        replace: `  const last = previousSeq + entries.length;
  if (last >= s.commitSeq && last < endSeq(s.log)) {
    cutLog(step, last + 1);
    return { cutFrom: last + 1, entries: [] };
  }
  return { entries: [] };\n}`,
      },
      {
        file: 'protocol/shard/replica.ts',
        find: 'if (merged.entries.length > 0 || hardState !== undefined) {',
        replace:
          'if (merged.entries.length > 0 || merged.cutFrom !== undefined || hardState !== undefined) {',
      },
    ],
  },
  {
    id: 'cuts-before-first-difference',
    title: 'A replica cuts from the first entry sent, not from the first that differs.',
    only: ['network', 'process'],
    set: { ...BUSY, 'network.duplicateChance': 0.1, 'network.delivery': 'unordered' },
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: '    if (epoch === entry.epoch) continue;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'applies-beyond-proven-match',
    title: 'A replica takes its own log for committed as far as the primary has committed.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: 's.commitSeq = Math.max(s.commitSeq, Math.min(message.commitSeq, s.provenSeq));',
        replace: 's.commitSeq = Math.max(s.commitSeq, Math.min(message.commitSeq, endSeq(s.log)));',
      },
      {
        file: 'protocol/shard/replica.ts',
        find: 's.releasedSeq = Math.max(s.releasedSeq, Math.min(message.releasedSeq, s.provenSeq));',
        replace:
          's.releasedSeq = Math.max(s.releasedSeq, Math.min(message.releasedSeq, endSeq(s.log)));',
      },
    ],
  },
  {
    id: 'previous-not-compared',
    title: 'A replica takes any append that does not leave a gap.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: 'return previous.seq <= endSeq(s.log) && epochAt(s.log, previous.seq) === previous.epoch;',
        replace: 'return previous.seq <= endSeq(s.log);',
      },
    ],
  },
];
