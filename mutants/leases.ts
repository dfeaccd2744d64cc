import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { LEASED } from './pins.js';

/** Section 5, between the primary and the sites. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'write-waits-for-no-cache',
    title: 'A write is released when it has committed, whoever may still serve the old bytes.',
    only: ['network', 'process'],
    set: LEASED,
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: '  if (untilMs > 0) {\n',
        replace: '  if (untilMs < 0) {\n',
      },
    ],
  },
  {
    id: 'generation-not-raised',
    title: 'A write passes over a lapsed lease, and the list that it passed over stays good.',
    scenario: 'lapsed-lease-makes-the-list-void',
    edits: [
      {
        file: 'protocol/lease/lender.ts',
        find: '  holder.generation += 1;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'generations-not-compared',
    title: 'A file is served under a grant and a short lease of different generations.',
    scenario: 'lapsed-lease-makes-the-list-void',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  if (grant.generation !== lease.generation || !sameReign(grant, lease.reign)) return undefined;\n',
        replace: '',
      },
      {
        file: 'protocol/shard/leasehold.ts',
        find: '    if (grant.generation < message.generation) leasehold.grants.delete(name);\n',
        replace: '    if (grant.generation < 0) leasehold.grants.delete(name);\n',
      },
    ],
  },
  {
    id: 'grants-while-a-write-is-pending',
    title: 'A file is granted while a write of it is not released.',
    scenario: 'nothing-is-granted-over-a-pending-write',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: 'if (!mayLend(step, role) || isPending(step, role, name)) return null;',
        replace: 'if (!mayLend(step, role)) return null;',
      },
    ],
  },
  {
    id: 'asker-waits-for-nothing',
    title:
      'Who wants to keep a file is answered at once while a write of it is pending, with a grant.',
    scenario: 'nothing-is-granted-over-a-pending-write',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'if (asker !== null && pending > 0) {',
        replace: 'if (asker !== null && pending < 0) {',
      },
    ],
  },
  {
    id: 'old-grant-accepted',
    title: 'A grant is kept although a later revocation was answered before it came.',
    scenario: 'old-grant-comes-too-late',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  if (comparePositions({ epoch: terms.epoch, seq: terms.position }, leasehold.revoked) < 0) return;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'late-revoked-takes-newer-grant',
    title:
      'An answer to a revocation takes the file off the list, also when it was lent again since.',
    scenario: 'late-revoked-takes-no-newer-grant',
    edits: [
      {
        file: 'protocol/lease/lender.ts',
        find: 'if (lentAt === undefined || lentAt >= position) return;',
        replace: 'if (lentAt === undefined || position < 0) return;',
      },
    ],
  },
  {
    id: 'site-answers-before-its-clients',
    title: 'A site answers a revocation while clients of its own still have the file.',
    scenario: 'site-answers-after-its-clients',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '    if (blockedUntilMs(s.clients.lender, name, now.monoMs) > 0) continue;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'site-keeps-what-was-revoked',
    title: 'A site answers a revocation and goes on serving the file.',
    scenario: 'leased-file-holds-up-its-write',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  grants.delete(name);\n  return wanted;',
        replace: '  return wanted;',
      },
    ],
  },
  {
    id: 'own-clients-not-waited-for',
    title: 'The primary waits for other sites, and not for its own clients.',
    scenario: 'primary-waits-for-its-own-clients',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: '  let untilMs = clientsBlockUntilMs(step.s, reach);\n',
        replace: '  let untilMs = 0 * clientsBlockUntilMs(step.s, reach);\n',
      },
    ],
  },
  {
    id: 'lease-counted-from-receipt',
    title: 'A site counts its short lease from when it comes, not from when it was asked for.',
    only: ['network', 'process'],
    set: LEASED,
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'const endMs = holderEndMs(message.sentMs, message.durationMs, s.config.timing);',
        replace:
          'const endMs = holderEndMs(s.clock.holderMs, message.durationMs, s.config.timing);',
      },
    ],
  },
  {
    id: 'reply-taken-for-a-later-request',
    title: 'A lease is counted from the newest request, whichever its answer answers (etcd#20418).',
    scenario: 'lease-is-counted-from-its-asking',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'const endMs = holderEndMs(message.sentMs, message.durationMs, s.config.timing);',
        replace: `const sentMs = Math.max(message.sentMs, leasehold.nextRequestMs - s.config.timing.heartbeatMs);
  const endMs = holderEndMs(sentMs, message.durationMs, s.config.timing);`,
      },
    ],
  },
  {
    id: 'lease-drift-not-subtracted',
    title: 'Neither side of a short lease allows for clocks that run at different rates.',
    only: ['network', 'clock'],
    set: { ...LEASED, 'leases.leaseMs': 1500, 'clock.drift': 0.09, 'clock.driftBound': 0.2 },
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'const endMs = holderEndMs(message.sentMs, message.durationMs, s.config.timing);',
        replace:
          'const endMs = holderEndMs(message.sentMs, message.durationMs, { driftRate: 0, driftMarginMs: 0 });',
      },
      {
        file: 'protocol/shard/lease-answers.ts',
        find: 'granterEndMs(now.monoMs, durationMs, timing));',
        replace: 'granterEndMs(now.monoMs, durationMs, { driftRate: 0, driftMarginMs: 0 }));',
      },
    ],
  },
  {
    id: 'lease-trusted-over-a-pause',
    title: 'A lease is counted on the monotonic clock, and a pause is not noticed (tikv#964).',
    scenario: 'sleep-counts-against-a-lease',
    edits: [
      {
        file: 'protocol/shard/step.ts',
        find: 'Math.max(now.monoMs - s.clock.monoMs, now.wallMs - s.clock.wallMs, 0)',
        replace: 'Math.max(now.monoMs - s.clock.monoMs, 0)',
      },
    ],
  },
  {
    id: 'pause-not-noticed',
    title: 'A site that stood still suspends nothing.',
    only: ['clock', 'network'],
    redundant: {
      reason:
        'the holder clock takes the larger of both clocks\u2019 advances: whatever was held has run ' +
        'out by it after a pause of a lease length',
      guard: 'lease-trusted-over-a-pause',
    },
    edits: [
      {
        file: 'protocol/shard/step.ts',
        find: '  suspendLeasehold(here);\n',
        replace: '  if (s.stopping && !s.resumed) suspendLeasehold(here);\n',
      },
    ],
  },
  {
    id: 'pause-forgets-clients',
    title: 'After a pause the renewed lease looks like a new one, and clients are forgotten.',
    scenario: 'clients-outlast-a-pause-of-their-site',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'leasehold.lease = { ...leasehold.lease, endMs: Number.NEGATIVE_INFINITY };',
        replace: 'leasehold.lease = null;',
      },
    ],
  },
  {
    id: 'lease-outlasts-the-right-to-act',
    title:
      'A short lease is granted in full, however little is left of the primary\u2019s own right.',
    scenario: 'lease-ends-with-the-right-to-act',
    edits: [
      {
        file: 'protocol/shard/lease-answers.ts',
        find: 'Math.min(timing.leaseMs, actEndsMs(step, role) - s.clock.holderMs);',
        replace: 'Math.max(timing.leaseMs, actEndsMs(step, role) - s.clock.holderMs);',
      },
    ],
  },
  {
    id: 'withdraws-without-recall',
    title: 'A primary says that it does not act any more while leases that it granted run.',
    scenario: 'recall-comes-before-withdrawal',
    edits: [
      {
        file: 'protocol/shard/handover.ts',
        find: '    if (leasesOutUntilMs(s, role) > 0) return;\n',
        replace: '    if (leasesOutUntilMs(s, role) < 0) return;\n',
      },
    ],
  },
  {
    id: 'accepts-after-recall',
    title: 'A site that gave its leases back keeps what an earlier answer of that epoch brings.',
    scenario: 'nothing-is-accepted-after-a-recall',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'return reign.epoch > s.leasehold.recalledEpoch && step.now.monoMs >= leasesReadyMs(s);',
        replace: 'return step.now.monoMs >= leasesReadyMs(s);',
      },
    ],
  },
  {
    id: 'accepts-while-it-ends',
    title: 'A site that ends and gave its leases back keeps what an earlier answer brings.',
    scenario: 'who-ends-takes-no-lease',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  if (s.leasehold.isEnding) return false;\n',
        replace: '',
      },
    ],
  },
  {
    id: 'ending-frees-a-later-run',
    title: 'What a process said at its end, come late, frees what a later one of its site holds.',
    scenario: 'who-ends-speaks-for-itself-alone',
    edits: [
      {
        file: 'protocol/shard/lease-answers.ts',
        find: 'if (holder?.run !== message.holder) return;',
        replace: 'if (holder === undefined) return;',
      },
    ],
  },
  {
    id: 'lends-after-a-recall',
    title: 'A primary that gave up a hand-over lends again in the epoch whose leases it recalled.',
    scenario: 'recalled-epoch-lends-no-more',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: "role.phase === 'serving' && !role.recalls && mayAct",
        replace: "role.phase === 'serving' && role.withdrawal === null && mayAct",
      },
    ],
  },
  {
    id: 'ends-before-its-clients',
    title: 'A site that ends gives its leases back while clients of its own still have files.',
    scenario: 'who-ends-waits-for-its-clients',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  takeOff(step, null);\n  leasehold.recalledBy = leader.site;\n',
        replace: '  leasehold.recalledBy = leader.site;\n  loseClients(step);\n',
      },
    ],
  },
  {
    id: 'recall-spares-own-clients',
    title: 'A withdrawal waits for other sites, and not for the primary\u2019s own clients.',
    scenario: 'recall-reaches-the-clients-of-the-primary',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: 'let untilMs = clientsBlockUntilMs(s, null);',
        replace: 'let untilMs = 0 * clientsBlockUntilMs(s, null);',
      },
    ],
  },
  {
    id: 'recall-answered-before-clients',
    title: 'A site gives its leases back while clients of its own still have files.',
    scenario: 'recall-reaches-the-clients-of-a-site',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'if (recalledBy === null || blockedUntilMs(s.clients.lender, null, now.monoMs) > 0) return;',
        replace: 'if (recalledBy === null) return;',
      },
    ],
  },
  {
    id: 'start-speaks-for-earlier-clients',
    title:
      'A site that starts answers revocations at once: an earlier run\u2019s clients are unknown to it.',
    scenario: 'started-site-waits-for-earlier-clients',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: 'return s.config.starts === 1 ? 0 : granterEndMs(s.startedMs, longestMs, timing);',
        replace:
          'return s.config.starts === 1 ? 0 : Math.min(0, granterEndMs(0, longestMs, timing));',
      },
    ],
  },
  {
    id: 'later-run-frees-earlier',
    title:
      'The first question of a site\u2019s later run ends what its earlier run held at the primary.',
    scenario: 'later-run-frees-nobody',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: '  if (holder.endMs > step.now.monoMs) return undefined; // scenarios/later-run-frees-nobody.txt\n',
        replace: '  holder.endMs = Math.min(holder.endMs, step.now.monoMs);\n',
      },
    ],
  },
  {
    id: 'move-revokes-nothing',
    title: 'Names leave a shard, and what sites know of them under lease stays good.',
    scenario: 'moved-names-are-revoked',
    edits: [
      {
        file: 'protocol/lease/reach.ts',
        find: "return operation.kind === 'move-out' ? null : undefined;",
        replace: 'return undefined;',
      },
    ],
  },
  {
    id: 'held-file-holds-up-all',
    title: 'A write that waits for a cache holds up the writes of other files behind it.',
    scenario: 'files-do-not-wait-for-each-other',
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (held !== undefined && isHeld(step, role, held)) role.held.set(seq, held);',
        replace:
          'if (role.held.size > 0 || (held !== undefined && isHeld(step, role, held))) role.held.set(seq, held ?? { reach: null, sinceMs: 0 });',
      },
    ],
  },
  {
    id: 'granted-again-over-a-later-write',
    title: 'A site has a file again at the release of its write, while a later one is pending.',
    scenario: 'lease-comes-back-with-the-release',
    edits: [
      {
        file: 'protocol/shard/lending.ts',
        find: "if (typeof name !== 'string' || sites === undefined || isPending(step, role, name)) return;",
        replace: "if (typeof name !== 'string' || sites === undefined) return;",
      },
    ],
  },
  {
    id: 'never-granted-again',
    title: 'A site whose readers want the file does not get it back at the release.',
    scenario: 'lease-comes-back-with-the-release',
    edits: [
      {
        file: 'protocol/shard/lease-answers.ts',
        find: 'if (!wanted || name === null || !isPending(step, role, name)) continue;',
        replace: 'if (wanted || name === null || !isPending(step, role, name)) continue;',
      },
    ],
  },
  {
    id: 'stale-revocation-not-answered',
    title: 'A revocation of what a site does not have any more is not answered (Ceph, 2026).',
    scenario: 'revocation-is-always-acknowledged',
    edits: [
      {
        file: 'protocol/shard/leasehold.ts',
        find: '  for (const { name, seq } of message.files) owe(step, from, name, seq);\n',
        replace: `  for (const { name, seq } of message.files) {
    if (name === null || leasehold.grants.has(name)) owe(step, from, name, seq);
  }
`,
      },
    ],
  },
  {
    id: 'renewed-while-it-owes',
    title: 'Leases are renewed however long their holder owes an answer.',
    scenario: 'who-owes-an-answer-is-not-renewed',
    edits: [
      {
        file: 'protocol/shard/lease-answers.ts',
        find: '  if (now.monoMs - owesSinceMs(holder) > timing.revocationPatienceMs) return;\n',
        replace:
          '  if (now.monoMs - owesSinceMs(holder) > 1e9 * timing.revocationPatienceMs) return;\n',
      },
      {
        file: 'protocol/shard/client-sessions.ts',
        find: 'const isSlow = now.monoMs - owesSinceMs(holder) > timing.revocationPatienceMs;',
        replace:
          'const isSlow = now.monoMs - owesSinceMs(holder) > 1e9 * timing.revocationPatienceMs;',
      },
    ],
  },
];
