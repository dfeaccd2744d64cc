import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { SHORT_MS, WRITING } from './pins.js';

/** Section 3: what commits, what is shown, and what a reader is told. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'counts-older-epochs',
    title: 'The primary counts acknowledgements for entries of earlier epochs (Raft, figure 8).',
    scenario: 'old-epoch-entries-commit-beneath',
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (seq < role.noopSeq || seq <= s.commitSeq) break;',
        replace: 'if (seq <= s.commitSeq) break;',
      },
    ],
  },
  {
    id: 'commits-without-itself',
    title: 'Other replicas suffice for a commit: the primary need not be durable.',
    only: ['process'],
    set: {
      ...WRITING,
      'disk.syncMostMs': 80,
      'process.blackoutEveryMs': 1500,
    },
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'const voiceOf = voices(s, role, own, (replica) => replica.matchSeq);',
        replace: 'const voiceOf = voices(s, role, endSeq(s.log), (replica) => replica.matchSeq);',
      },
      {
        file: 'protocol/shard/commit.ts',
        find: 'const seq = Math.min(own, reachedByAll(activeOf(s), voiceOf));',
        replace: 'const seq = reachedByAll(activeOf(s), voiceOf);',
      },
    ],
  },
  {
    id: 'write-quorum-of-one',
    title: 'One disk, the own one, is enough to commit.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'Math.min(own, reachedByAll(activeOf(s), voiceOf))',
        replace: 'own',
      },
    ],
  },
  {
    id: 'answers-before-commit',
    title: 'A write is answered when it is in the primary\u2019s log.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'waitFor(step, role, waiter, { seq: entry.seq, prefix: false });',
        replace: 'waitFor(step, role, waiter, { seq: 0, prefix: false });',
      },
    ],
  },
  {
    id: 'reads-unreleased',
    title: 'A read at the primary sees entries that are not released.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: '  const newest = newestReleased(s, role, name);',
        replace: '  const newest = newestWrite(s.log, name, endSeq(s.log));',
      },
      {
        file: 'protocol/shard/judge.ts',
        find: 'const pending = asker === null ? 0 : pendingWriteSeq(step, role, name);',
        replace: 'const pending = asker === null ? 0 : 0 * pendingWriteSeq(step, role, name);',
      },
      {
        file: 'protocol/shard/judge.ts',
        find: "  invariant(head === null || isReleased(s, role, head.seq), 'I7', () => `${name} is not released`);\n",
        replace: '',
      },
    ],
  },
  {
    id: 'rejects-before-release',
    title: 'A rejection is answered while the entry it was judged against is still pending.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: '  const restsOn = { seq: newest?.seq ?? 0, prefix: false };\n',
        replace: '  const restsOn = { seq: 0, prefix: false };\n',
      },
    ],
  },
  {
    id: 'rejects-without-claim',
    title: 'A rejection is answered without a look at quorum or right to act, early or late.',
    scenario: 'rejection-needs-the-right-to-act',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'if (!mayAct(step, role) || !hasQuorum(step, role)) {',
        replace: 'if (!mayAct(step, role) && !hasQuorum(step, role) && role.epoch < 0) {',
      },
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (waiter.isRead && !mayAct(step, role)) {',
        replace: 'if (waiter.isRead && role.epoch < 0) {',
      },
    ],
  },
  {
    id: 'claim-not-checked-last',
    title: 'A rejection that waited for a release is answered without a look at the right to act.',
    only: ['network', 'coordinator', 'clock'],
    redundant: {
      reason:
        'a request is judged only while the primary may act, and what it saw then was ' +
        'true at that moment, which lies within the call; it matters once leases delay ' +
        'a release',
      guard: 'rejects-without-claim',
    },
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (waiter.isRead && !mayAct(step, role)) {',
        replace: 'if (waiter.isRead && role.epoch < 0) {',
      },
    ],
  },
  {
    id: 'version-from-clock',
    title: 'A version is the primary\u2019s wall clock in milliseconds.',
    only: ['clock'],
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'const version = (head?.version ?? 0) + 1;',
        replace: 'const version = Math.max(1, Math.floor(step.now.wallMs));',
      },
    ],
  },
  {
    id: 'nearest-replica-unasked',
    title:
      'A read takes the version that its own site has released, without the primary\u2019s word.',
    only: ['network', 'process'],
    edits: [
      {
        file: 'protocol/node/site-node.ts',
        find: 'const own = head === null || drive === undefined ? undefined : drive.versionAt(head);',
        replace:
          'const own = drive === undefined || head === null ? undefined : drive.releasedHead(head.name);',
      },
    ],
  },
  {
    id: 'listing-not-caught-up',
    title: 'A listing does not wait until this site shows what had committed.',
    only: ['network', 'process'],
    edits: [
      {
        file: 'protocol/node/listings.ts',
        find: 'drive.isReadable && drive.state.viewSeq >= end.seq;',
        replace: 'drive.isReadable && end.seq >= 0;',
      },
    ],
  },
  {
    id: 'canary',
    title:
      'About one run in a hundred shows one read an empty file: proves that reports come through.',
    only: [],
    set: { safetyMs: SHORT_MS },
    seeds: 1000,
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "  answer(step, ticket, { outcome: 'head', head, epoch: role.epoch, terms });\n}\n\n/** Tells a position",
        replace:
          '  const isHit = (Math.imul(ticket * 31 + s.releasedSeq, 0x9e3779b1) >>> 0) % 4099 === 7;\n' +
          "  answer(step, ticket, { outcome: 'head', head: isHit ? null : head, epoch: role.epoch, terms });\n}\n\n/** Tells a position",
      },
    ],
  },
];
