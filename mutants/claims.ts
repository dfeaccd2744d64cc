import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { BUSY, ESTRANGED, SLEEPY, WRITING } from './pins.js';

/** Section 4: who may act, for how long, and by which clock. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'successor-does-not-wait',
    title: 'A new primary releases while its predecessor may still act.',
    only: ['coordinator'],
    set: {
      ...BUSY,
      ...ESTRANGED,
      'mix.patienceMs': 300,
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
      ...BUSY,
      ...SLEEPY,
      'mix.patienceMs': 300,
      'clock.pauseLeases': 4,
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
      ...BUSY,
      ...ESTRANGED,
      ...SLEEPY,
      'mix.patienceMs': 300,
      'clock.pauseLeases': 3,
    },
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: 'return step.s.clock.holderMs < actEndsMs(step, role);',
        replace: `const { claim, config } = step.s;
  return step.now.monoMs - claim.confirmedMs < config.timing.claimMs;`,
      },
    ],
  },
  {
    id: 'holder-counts-from-receipt',
    title:
      'The right to act is counted from the acknowledgement, not from the heartbeat it answers.',
    scenario: 'act-only-what-w-acknowledged',
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
      ...BUSY,
      ...SLEEPY,
      'mix.patienceMs': 300,
      'clock.pauseLeases': 4,
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
      ...BUSY,
      ...ESTRANGED,
      'coordinator.estrangeEveryMs': 1500,
      'network.delayScale': 0.2,
      'clock.drift': 0.09,
      'clock.driftBound': 0.2,
    },
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: 'return holderEndMs(sentMs, timing.actMs, timing);',
        replace: 'return holderEndMs(sentMs, timing.actMs, { driftRate: 0, driftMarginMs: 0 });',
      },
      {
        file: 'protocol/shard/acting.ts',
        find: 'return granterEndMs(step.now.monoMs, remainder, step.s.config.timing);',
        replace:
          'return granterEndMs(step.now.monoMs, remainder, { driftRate: 0, driftMarginMs: 0 });',
      },
    ],
  },
  {
    id: 'restart-forgets-who-acts',
    title: 'A replica that starts tells a successor that nobody acts.',
    scenario: 'restart-remembers-that-somebody-acts',
    edits: [
      {
        file: 'protocol/shard/state.ts',
        find: 'earlierUntilMs: fresh ? 0 : now.monoMs + config.timing.claimMs,',
        replace: 'earlierUntilMs: fresh ? 0 : 0,',
      },
    ],
  },
  {
    id: 'claim-resumed-after-restart',
    title: 'A site that starts goes on with the epoch that an earlier run of it had won.',
    only: ['process', 'network'],
    set: {
      ...WRITING,
      'process.crashEveryMs': 1000,
      'process.downMs': 50,
      'network.jitterMs': 50,
      'disk.syncMostMs': 80,
    },
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
        file: 'protocol/shard/reign.ts',
        find: 'return a.epoch === b.epoch && a.run === b.run;',
        replace: 'return a.epoch === b.epoch;',
      },
    ],
  },
  {
    id: 'withdrawal-voids-earlier-primaries',
    title: 'A withdrawal is taken to speak for every earlier primary too.',
    scenario: 'withdrawal-speaks-for-itself-alone',
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: 'if (noted.epoch === epoch) noted.untilMs = 0;',
        replace: 'if (noted.epoch === epoch) noted.untilMs = noted.earlierUntilMs = 0;',
      },
    ],
  },
  {
    id: 'superseded-is-passed-on-as-withdrawn',
    title:
      'A candidate passes on of the primary before it that it does not act, which nobody has said.',
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: '  promise(step, { epoch, run: s.config.run }, s.config.site);',
        replace: `  voidActing(step, promisedReign(step));
  promise(step, { epoch, run: s.config.run }, s.config.site);`,
      },
    ],
  },
  {
    id: 'heir-passes-nothing-on',
    title:
      'Who hears first that a primary withdrew keeps it, and waits for those who hear it late.',
    scenario: 'heir-passes-the-withdrawal-on',
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: '  if (message.withdrawn !== undefined) voidActing(step, message.withdrawn);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'release-waits-for-renewal',
    title: 'A release is put off by the answer to a renewal: the successor waits for nothing.',
    scenario: 'release-waits-for-no-renewal',
    edits: [
      {
        file: 'protocol/shard/claim.ts',
        find: 'const isReleasing = s.claim.releaseDue !== null;',
        replace: 'const isReleasing = false;',
      },
    ],
  },
  {
    id: 'heir-for-ever',
    title: 'Who was once told to come next claims from whoever comes later, too.',
    scenario: 'heir-of-one-epoch',
    edits: [
      {
        file: 'protocol/shard/claim.ts',
        find: 'value.epoch === claim.heirOfEpoch',
        replace: 'claim.heirOfEpoch > 0',
      },
    ],
  },
  {
    id: 'acts-after-withdrawal',
    title: 'A primary that has withdrawn goes on acting until it is told otherwise.',
    scenario: 'withdrawn-primary-answers-nobody',
    edits: [
      {
        file: 'protocol/shard/acting.ts',
        find: '  if (role.withdrawal !== null && role.withdrawal.sentMs !== null) return false;\n',
        replace: '',
      },
      {
        file: 'protocol/shard/handover.ts',
        find: "  stepDown(step, 'handed-over', withdrawal.successor);\n  s.claim.nextRenewMs = now.monoMs;",
        replace: `  s.claim.releaseDue = { epoch: role.epoch, successor: withdrawal.successor };
  role.withdrawal = null;
  role.phase = 'serving';
  s.claim.nextRenewMs = now.monoMs;`,
      },
    ],
  },
  {
    id: 'lapsed-claim-renewed',
    title: 'A claim that ran out is renewed.',
    only: ['coordinator', 'clock'],
    redundant: {
      reason:
        'the coordinator is not trusted for how long: the right to act comes from the ' +
        'replicas, and a renewal needs the very record, so the epoch has not passed to ' +
        'another',
      guard: 'right-to-act-from-coordinator',
    },
    edits: [
      {
        file: 'protocol/shard/claim.ts',
        find: "  if (now.monoMs - claim.confirmedMs > claimMs) return stepDown(step, 'claim-lapsed');\n",
        replace: '',
      },
    ],
  },
];
