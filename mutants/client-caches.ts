import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { CACHING } from './pins.js';

/** Section 5, between a site and its clients, and what clients keep and follow. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'client-outlasts-its-site',
    title: 'A client\u2019s lease runs longer than its site may itself.',
    scenario: 'client-may-no-longer-than-its-site',
    edits: [
      {
        file: 'protocol/shard/client-sessions.ts',
        find: 'Math.min(timing.clientLeaseMs, rightLeftMs(step));',
        replace: 'rightLeftMs(step) > 0 ? timing.clientLeaseMs : 0;',
      },
    ],
  },
  {
    id: 'fill-not-registered',
    title: 'A client keeps what it was told, and its site has not noted that it does.',
    only: ['network', 'process'],
    set: CACHING,
    edits: [
      {
        file: 'protocol/shard/client-sessions.ts',
        find: '  lend(s.clients.lender, holder, name, serial);\n',
        replace: '  if (serial < 0) lend(s.clients.lender, holder, name, serial);\n',
      },
    ],
  },
  {
    id: 'fill-races-invalidation',
    title: 'An old version is kept because the newer one is granted by the time it is told.',
    scenario: 'old-fill-is-not-kept',
    edits: [
      {
        file: 'protocol/shard/client-sessions.ts',
        find: 'return isAt(newestWrite(log, name, endSeq(log)) ?? viewed(), version);',
        replace:
          'return isAt(newestWrite(log, name, endSeq(log)) ?? viewed(), version) || version !== null;',
      },
      {
        file: 'protocol/shard/client-sessions.ts',
        find: 'return isAt(grant.version, version);',
        replace: 'return isAt(grant.version, version) || version !== null;',
      },
    ],
  },
  {
    id: 'client-acknowledges-and-keeps',
    title: 'A client answers an invalidation and goes on using the file.',
    only: ['network'],
    set: CACHING,
    edits: [
      {
        file: 'protocol/client/client-step.ts',
        find: '    if (name !== null) suspect(step, name, s.cache.entries.get(name), shard, serial);\n',
        replace: '    if (name === null) suspect(step, shard, undefined, shard, serial);\n',
      },
    ],
  },
  {
    id: 'client-counts-from-receipt',
    title: 'A client counts its lease from when it comes, not from when it asked.',
    only: ['network', 'process', 'clock'],
    set: {
      ...CACHING,
      'leases.leaseMs': 150,
      'leases.cutEveryMs': 500,
      'clock.drift': 0,
      'clock.driftBound': 0,
    },
    edits: [
      {
        file: 'protocol/client/client-step.ts',
        find: 'const endMs = holderEndMs(sentMs, durationMs, s.config);',
        replace:
          'const endMs = holderEndMs(Math.max(sentMs, s.clock.holderMs), durationMs, s.config);',
      },
    ],
  },
  {
    id: 'client-trusts-monotonic-clock',
    title: 'A client counts its lease on the monotonic clock, which stands still in sleep.',
    only: ['network', 'clock'],
    set: { ...CACHING, 'leases.pauseEveryMs': 500, 'clock.suspendChance': 1 },
    edits: [
      {
        file: 'protocol/client/client-step.ts',
        find: 'Math.max(now.monoMs - clock.monoMs, now.wallMs - clock.wallMs, 0)',
        replace: 'Math.max(now.monoMs - clock.monoMs, 0)',
      },
    ],
  },
  {
    id: 'cache-kept-over-a-reconnect',
    title: 'What was kept under a session that broke is used under the next (AFS).',
    only: ['network', 'process'],
    set: { ...CACHING, 'leases.cutEveryMs': 500 },
    edits: [
      {
        file: 'protocol/client/client-step.ts',
        find: '  for (const entry of s.cache.entries.values()) entry.keep = null;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'revalidated-without-a-look',
    title: 'After a reconnect a site confirms whatever the client has.',
    only: ['network', 'process'],
    set: { ...CACHING, 'leases.cutEveryMs': 500 },
    edits: [
      {
        file: 'protocol/node/client-sessions.ts',
        find: 'if (outcome.ok && isSame(outcome.head, file)) {',
        replace: 'if (outcome.ok && (isSame(outcome.head, file) || index >= 0)) {',
      },
    ],
  },
  {
    id: 'vanished-client-forgotten',
    title: 'A client whose connection broke is taken to use nothing any more.',
    scenario: 'vanished-client-is-waited-out',
    edits: [
      {
        file: 'protocol/shard/client-sessions.ts',
        find: '  if (certain) removeClient(step, holder);\n',
        replace: '  if (certain || clients.serial > 0) removeClient(step, holder);\n',
      },
    ],
  },
  {
    id: 'lent-file-is-given-up',
    title: 'At its bound a site gives up a file that a client of its own still has.',
    scenario: 'file-that-clients-hold-is-not-given-up',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'if (grant.used || isLent(step, name)) {',
        replace: 'if (grant.used) {',
      },
    ],
  },
  {
    id: 'feed-skips-on-reconnect',
    title: 'A change feed begins anew after a break, and what lay between is never told.',
    only: ['network', 'process'],
    set: { ...CACHING, 'leases.cutEveryMs': 500 },
    edits: [
      {
        file: 'protocol/client/client-step.ts',
        find: "send(step, { kind: 'watch', id, prefix: watch.prefix, from: watch.cursor });",
        replace: "send(step, { kind: 'watch', id, prefix: watch.prefix, from: null });",
      },
    ],
  },
  {
    id: 'cursor-ahead-of-changes',
    title: 'The cursor of a feed stands before what was handed on.',
    only: ['network', 'process'],
    set: { ...CACHING, 'leases.cutEveryMs': 500 },
    edits: [
      {
        file: 'protocol/node/change-feed.ts',
        find: '    this.position.set(shard, last.seq);\n',
        replace: '    this.position.set(shard, last.seq + 1);\n',
      },
    ],
  },
];
