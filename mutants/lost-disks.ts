import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { BUSY, WIPED } from './pins.js';

/** Section 3: disks that were lost, wiped or damaged. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'wiped-disk-counts',
    title: 'A replica that lost its disk comes back as one that forgot nothing.',
    only: ['disk', 'process', 'network'],
    set: {
      ...BUSY,
      ...WIPED,
    },
    edits: [
      {
        file: 'protocol/node/start.ts',
        find: '      joined: false,\n',
        replace: '      joined: true,\n',
      },
    ],
  },
  {
    id: 'lost-disk-answers-recovery',
    title: 'A replica that is not filled up yet answers a new primary.',
    only: ['disk', 'process', 'network'],
    set: {
      ...BUSY,
      ...WIPED,
    },
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: '  if (!s.durable.joined) return; // † it may have forgotten what it acknowledged: it has no say\n',
        replace: '',
      },
    ],
  },
  {
    id: 'damaged-log-cut',
    title: 'A log that is damaged in the middle is cut there, and nobody is told (FAST\u201918).',
    only: ['disk', 'process', 'network'],
    set: {
      ...BUSY,
      'disk.rotEveryMs': 1000,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'network.isolateEveryMs': 3000,
    },
    edits: [
      {
        file: 'protocol/node/start.ts',
        find: 'const lost = behind || damaged;',
        replace: 'const lost = behind;',
      },
    ],
  },
  {
    id: 'lost-disk-promises-nothing',
    title: 'A replica that lost its disk joins a primary of any epoch.',
    scenario: 'lost-disk-joins-no-older-primary',
    edits: [
      {
        file: 'protocol/node/start.ts',
        find: 'promisedEpoch: claimed ? claim.epoch : found.promisedEpoch,',
        replace: 'promisedEpoch: claimed ? found.promisedEpoch : found.promisedEpoch,',
      },
    ],
  },
  {
    id: 'incarnations-not-told-apart',
    title:
      'What an earlier incarnation acknowledged still counts, and pending entries are no target.',
    scenario: 'pending-entries-are-part-of-the-target',
    edits: [
      {
        file: 'protocol/shard/replication.ts',
        find: `    Object.assign(replica, newProgress(step, replica.previous), {
      incarnation: message.incarnation,
    });`,
        replace: '    replica.incarnation = message.incarnation;',
      },
      {
        file: 'protocol/shard/replication.ts',
        find: '    replica.matchSeq = 0;\n',
        replace: '',
      },
      {
        file: 'protocol/shard/replication.ts',
        find: 'replica.targetSeq = endSeq(s.log);',
        replace: 'replica.targetSeq = s.commitSeq;',
      },
    ],
  },
  {
    id: 'joins-at-once',
    title: 'A replica that lost its disk counts as soon as its primary has heard of it.',
    scenario: 'joining-replica-has-no-say',
    edits: [
      {
        file: 'protocol/shard/replication.ts',
        find: 'replica.targetSeq = endSeq(s.log);',
        replace: 'replica.targetSeq = 0;',
      },
    ],
  },
];
