import type { Mutant } from '../src/simulator/mutants/mutant.js';

/** Sections 3 and 4 of the design: new primaries, claims, epochs, clocks, lost and damaged disks. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'serves-before-own-commit',
    title: 'A new primary serves before an entry of its own epoch has committed (raft#7331).',
    only: ['network', 'process', 'coordinator'],
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (s.commitSeq < role.noopSeq || now.monoMs < role.serveFromMs) return;',
        replace: 'if (now.monoMs < role.serveFromMs) return;',
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
    id: 'successor-does-not-wait',
    title: 'A new primary releases while its predecessor may still act.',
    only: ['coordinator'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
    },
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: 'const serveFromMs = Math.max(...[...role.answers.values()].map((told) => told.clearMs));',
        replace: 'const serveFromMs = now.monoMs;',
      },
    ],
  },
  {
    id: 'acts-without-agreement',
    title: 'A primary answers reads without the right to act that its replicas acknowledged.',
    only: ['clock'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'clock.pauseEveryMs': 5000,
      'clock.suspendChance': 1,
      'clock.pauseLeases': 4,
      'network.sessionTimeoutMs': 5000,
    },
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "role.phase === 'confirming' || !mayAct(step, role)) {",
        replace: "role.phase === 'confirming') {",
      },
    ],
  },
  {
    id: 'right-to-act-from-coordinator',
    title: 'The right to act is timed from the claim at the coordinator, on the monotonic clock.',
    only: ['coordinator', 'clock'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
      'clock.pauseEveryMs': 5000,
      'clock.suspendChance': 1,
      'clock.pauseLeases': 3,
    },
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: 'return s.clock.holderMs < reachedByQuorum(ends, s.config.writeQuorum);',
        replace: 'return step.now.monoMs - s.claim.confirmedMs < s.config.timing.claimMs;',
      },
    ],
  },
  {
    id: 'holder-counts-from-receipt',
    title:
      'The right to act is counted from the acknowledgement, not from the heartbeat it answers.',
    only: ['coordinator'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'network.delayScale': 8,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
    },
    edits: [
      {
        file: 'protocol/shard/replication.ts',
        find: 'actEndMs(step, message.beatSentMs)',
        replace: 'actEndMs(step, s.clock.holderMs)',
      },
    ],
  },
  {
    id: 'holder-trusts-monotonic-clock',
    title: 'A holder counts on the monotonic clock alone, which stands still in sleep.',
    only: ['clock'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'clock.pauseEveryMs': 5000,
      'clock.suspendChance': 1,
      'clock.pauseLeases': 4,
      'network.sessionTimeoutMs': 5000,
    },
    edits: [
      {
        file: 'protocol/shard/step.ts',
        find: 'Math.max(now.monoMs - s.clock.monoMs, now.wallMs - s.clock.wallMs, 0)',
        replace: 'Math.max(now.monoMs - s.clock.monoMs, 0)',
      },
    ],
  },
  {
    id: 'drift-not-subtracted',
    title: 'Neither the holder nor the successor allows for clocks that run at different rates.',
    only: ['coordinator', 'clock'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
      'clock.drift': 0.08,
      'clock.driftBound': 0.2,
    },
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: 'return sentMs + actMs * (1 - driftRate) - driftMarginMs;',
        replace: 'return sentMs + actMs + 0 * (driftRate + driftMarginMs);',
      },
      {
        file: 'protocol/shard/acting.ts',
        find: 'return step.now.monoMs + remainder * (1 + driftRate) + driftMarginMs;',
        replace: 'return step.now.monoMs + remainder + 0 * (driftRate + driftMarginMs);',
      },
    ],
  },
  {
    id: 'restart-forgets-who-acts',
    title: 'A replica that starts tells a successor that nobody acts.',
    only: ['coordinator', 'process'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
      'process.ambushEveryMs': 500,
      'network.linkEveryMs': 2000,
    },
    edits: [
      {
        file: 'protocol/shard/state.ts',
        find: 'earlierUntilMs: fresh ? 0 : now.monoMs + config.timing.claimMs,',
        replace: 'earlierUntilMs: fresh ? 0 : 0,',
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
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
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
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
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
    only: ['process', 'network'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'mix.chunkedChance': 0.3,
      'process.crashEveryMs': 3000,
      'network.linkEveryMs': 2000,
      'disk.syncMostMs': 80,
    },
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
    only: ['process', 'network'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'mix.chunkedChance': 0.3,
      'process.stopEveryMs': 4000,
      'network.linkEveryMs': 2000,
    },
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
    only: ['network', 'coordinator'],
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: 'if (reign.epoch > promised.epoch || sameReign(reign, promised)) return true;',
        replace: 'if (reign.epoch > 0 || sameReign(reign, promised)) return true;',
      },
    ],
  },
  {
    id: 'same-epoch-of-another-run',
    title: 'A promise names the epoch alone: another run in the same epoch is heard too.',
    only: ['coordinator', 'process', 'network'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.restoreEveryMs': 3000,
      'process.ambushEveryMs': 300,
      'network.linkEveryMs': 2000,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
    },
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: 'return a.epoch === b.epoch && a.run === b.run;',
        replace: 'return a.epoch === b.epoch;',
      },
    ],
  },
  {
    id: 'claim-resumed-after-restart',
    title: 'A site that starts goes on with the epoch that an earlier run of it had won.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/claim.ts',
        find: 'if (value === null || value.run !== s.config.run || value.released) return;',
        replace: 'if (value === null || value.site !== s.config.site || value.released) return;',
      },
      {
        file: 'protocol/shard/recovery.ts',
        find: 'if (epoch <= s.hard.promisedEpoch) {',
        replace: 'if (epoch < s.hard.promisedEpoch) {',
      },
      {
        file: 'protocol/shard/replica.ts',
        find: 'return a.epoch === b.epoch && a.run === b.run;',
        replace: 'return a.epoch === b.epoch;',
      },
    ],
  },
  {
    id: 'withdrawal-voids-earlier-primaries',
    title: 'A withdrawal is taken to speak for every earlier primary too.',
    only: ['coordinator', 'process'],
    set: {
      'mix.patienceMs': 300,
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
      'process.stopEveryMs': 3000,
    },
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: 'if (noted.epoch === epoch) noted.untilMs = 0;',
        replace: 'if (noted.epoch === epoch) noted.untilMs = noted.earlierUntilMs = 0;',
      },
    ],
  },
  {
    id: 'acts-after-withdrawal',
    title: 'A primary that has withdrawn goes on acting until it is told otherwise.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: '  if (role.withdrawal !== null && role.withdrawal.sentMs !== null) return false;\n',
        replace: '',
      },
      {
        file: 'protocol/shard/handover.ts',
        find: "  stepDown(step, 'handed-over', withdrawal.successor);\n  s.claim.nextRenewMs = now.monoMs;",
        replace:
          '  s.claim.releaseDue = { epoch: role.epoch, successor: withdrawal.successor };\n  s.claim.nextRenewMs = now.monoMs;',
      },
    ],
  },
  {
    id: 'wiped-disk-counts',
    title: 'A replica that lost its disk comes back as one that forgot nothing.',
    only: ['disk', 'process', 'network'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.wipeChance': 1,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'network.isolateEveryMs': 3000,
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
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.wipeChance': 1,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'network.isolateEveryMs': 3000,
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
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
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
    only: ['disk', 'process', 'network', 'coordinator'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.wipeChance': 1,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'network.isolateEveryMs': 3000,
      'coordinator.estrangeEveryMs': 4000,
      'coordinator.deadlineMs': 4000,
      'network.sessionTimeoutMs': 5000,
      'network.linkEveryMs': 2000,
    },
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
    only: ['disk', 'process', 'network'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.wipeChance': 1,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'network.isolateEveryMs': 3000,
    },
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
    only: ['disk', 'process', 'network'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.wipeChance': 1,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'network.isolateEveryMs': 3000,
    },
    edits: [
      {
        file: 'protocol/shard/replication.ts',
        find: 'replica.targetSeq = endSeq(s.log);',
        replace: 'replica.targetSeq = 0;',
      },
    ],
  },
  {
    id: 'lapsed-claim-renewed',
    title: 'A claim that ran out is renewed.',
    only: ['coordinator', 'clock'],
    redundant:
      'the coordinator is not trusted for how long: the right to act comes from the replicas, and ' +
      'a renewal needs the very record, so the epoch has not passed to another',
    edits: [
      {
        file: 'protocol/shard/claim.ts',
        find: "  if (now.monoMs - claim.confirmedMs > claimMs) return stepDown(step, 'claim-lapsed');\n",
        replace: '',
      },
    ],
  },
];
