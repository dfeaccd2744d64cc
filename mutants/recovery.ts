import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { BUSY, ESTRANGED, LARGE } from './pins.js';

/** Section 3: how a new primary comes to its log, and what a promise is. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'serves-before-own-commit',
    title: 'A new primary serves before an entry of its own epoch has committed (raft#7331).',
    only: ['network', 'process', 'coordinator'],
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (s.role !== role || s.commitSeq < role.noopSeq || now.monoMs < role.serveFromMs) return;',
        replace: 'if (s.role !== role || now.monoMs < role.serveFromMs) return;',
      },
    ],
  },
  {
    id: 'serves-from-its-crowning',
    title: 'A new primary serves from the moment it has adopted a log.',
    only: ['network', 'process', 'coordinator'],
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: "phase: 'confirming',",
        replace: "phase: 'serving',",
      },
    ],
  },
  {
    id: 'recovery-quorum-too-small',
    title: 'A new primary asks one replica fewer than N \u2212 W + 1.',
    only: ['network', 'process'],
    edits: [
      {
        file: 'protocol/quorum.ts',
        find: 'return replicas - writeQuorum + 1;',
        replace: 'return replicas - writeQuorum;',
      },
    ],
  },
  {
    id: 'adopts-by-length',
    title: 'A new primary adopts the longest log, whatever epoch it ends in.',
    only: ['network', 'process'],
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: 'if (comparePositions(end, best.end) > 0) best = { from, end };',
        replace:
          'if (end.seq - best.end.seq > 0 && comparePositions(end, end) === 0) best = { from, end };',
      },
    ],
  },
  {
    id: 'promise-answered-before-durable',
    title: 'A promise is answered while it is on its way to disk.',
    only: ['coordinator', 'process', 'network'],
    set: {
      ...BUSY,
      ...ESTRANGED,
      'process.ambushEveryMs': 400,
      'disk.syncMostMs': 80,
      'network.linkEveryMs': 2000,
    },
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: '  writeDisk(step, { cutFrom, hardState, answerTo });\n',
        replace:
          '  writeDisk(step, { cutFrom, hardState, answerTo });\n  answerPromise(step, answerTo, reign);\n',
      },
    ],
  },
  {
    id: 'append-without-promise',
    title: 'Accepting an append of a larger epoch is no durable promise of it.',
    only: ['coordinator', 'process', 'network'],
    set: {
      ...BUSY,
      ...ESTRANGED,
      'process.ambushEveryMs': 400,
      'process.crashEveryMs': 3000,
      'network.linkEveryMs': 2000,
    },
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: `  const hardState = isNew
    ? { ...s.hard, promisedEpoch: message.epoch, promisedRun: message.run }
    : undefined;`,
        replace: `  const hardState = undefined;
  if (isNew) s.hard = { ...s.hard, promisedEpoch: message.epoch, promisedRun: message.run };`,
      },
      {
        file: 'protocol/shard/replica.ts',
        find: 'if (!sameReign(reign, promisedReign(step)) || !sameReign(reign, s.durable.promised)) return;',
        replace: 'if (!sameReign(reign, promisedReign(step))) return;',
      },
    ],
  },
  {
    id: 'promise-ends-at-log-end',
    title:
      'A promise names the end of the log, also where content is missing or nothing is synced.',
    scenario: 'lost-content-is-not-adopted',
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: '    end: acknowledgeableEnd(step),\n',
        replace: '    end: endOf(s.log),\n',
      },
      {
        file: 'protocol/shard/recovery.ts',
        find: 'const cutFrom = from <= endSeq(s.log) ? from : undefined;',
        replace: 'const cutFrom = from < 0 ? from : undefined;',
      },
    ],
  },
  {
    id: 'promise-cuts-what-committed',
    title: 'A promise cuts every entry without content, also what is known to have committed.',
    only: ['coordinator', 'network'],
    set: { ...LARGE, 'coordinator.unreachableEveryMs': 1500, 'network.delayScale': 0.3 },
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: 'const from = Math.max(Math.min(...s.missing.keys()), s.commitSeq + 1);',
        replace: 'const from = Math.min(...s.missing.keys());',
      },
    ],
  },
  {
    id: 'older-epoch-admitted',
    title: 'A replica hears a primary of a smaller epoch than it promised.',
    scenario: 'older-primary-is-refused',
    edits: [
      {
        file: 'protocol/shard/reign.ts',
        find: 'if (reign.epoch > promised.epoch || sameReign(reign, promised)) return true;',
        replace: 'if (reign.epoch > 0 || sameReign(reign, promised)) return true;',
      },
    ],
  },
  {
    id: 'same-epoch-of-another-run',
    title: 'A promise names the epoch alone: another run in the same epoch is heard too.',
    scenario: 'other-run-in-the-same-epoch-is-refused',
    edits: [
      {
        file: 'protocol/shard/reign.ts',
        find: 'return a.epoch === b.epoch && a.run === b.run;',
        replace: 'return a.epoch === b.epoch;',
      },
    ],
  },
];
