import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { WRITING } from './pins.js';

/** Sites that come and go, again and again, while others are cut off. */
const CHANGING = {
  ...WRITING,
  safetyMs: 30_000,
  'membership.changeEveryMs': 1500,
  'membership.cancelChance': 0,
  'network.isolateEveryMs': 2000,
};

/** Which sites count, while that changes. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'only-the-new-quorum',
    title: 'While sites change, a quorum of those to come is enough.',
    scenario: 'both-quorums-while-sites-change',
    edits: [
      {
        file: 'protocol/shard/membership.ts',
        find: 'return [appended.at(-2)?.configuration ?? settled, last.configuration];',
        replace: 'return [last.configuration];',
      },
    ],
  },
  {
    id: 'only-the-old-quorum',
    title: 'While sites change, a quorum of those before is enough.',
    scenario: 'sites-before-are-not-enough',
    edits: [
      {
        file: 'protocol/shard/membership.ts',
        find: 'return [appended.at(-2)?.configuration ?? settled, last.configuration];',
        replace: 'return [appended.at(-2)?.configuration ?? settled];',
      },
    ],
  },
  {
    id: 'only-the-old-quorum-in-runs',
    title: 'The same, found in runs of whole clusters.',
    only: ['membership', 'network', 'process', 'coordinator'],
    set: { ...CHANGING, 'process.ambushEveryMs': 400, 'process.ambushEvent': 'configured' },
    edits: [
      {
        file: 'protocol/shard/membership.ts',
        find: 'return [appended.at(-2)?.configuration ?? settled, last.configuration];',
        replace: 'return [appended.at(-2)?.configuration ?? settled];',
      },
    ],
  },
  {
    id: 'replay-names-older-sites',
    title: 'What a view replays of changes of sites counts, whatever is remembered beside the log.',
    scenario: 'older-view-names-no-older-sites',
    edits: [
      {
        file: 'protocol/shard/membership.ts',
        find: 'if (operation.configuration.version > membership.settled.version) {',
        replace: 'if (operation.configuration.version !== membership.settled.version) {',
      },
    ],
  },
  {
    id: 'recovery-reads-its-own-configuration',
    title: 'A new primary asks the sites that its own log names (Garage, ten of ten runs).',
    scenario: 'recovery-asks-the-sites-that-logs-name',
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: 'const configurations = toRecover([...role.answers.values()].map((told) => told.active));',
        replace: 'const configurations = activeOf(s);',
      },
    ],
  },
  {
    id: 'learner-counted-early',
    title: 'A site that is being filled counts towards a commit.',
    scenario: 'learner-counts-for-nothing',
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'const seq = Math.min(own, reachedByAll(activeOf(s), voiceOf));',
        replace: `const counted = activeOf(s).map((c) => ({ ...c, sites: [...c.sites, ...s.roster.learners] }));
    const seq = Math.min(own, reachedByAll(counted, voiceOf));`,
      },
    ],
  },
  {
    id: 'learner-counted-early-in-runs',
    title: 'The same, found in runs of whole clusters.',
    only: ['membership', 'network', 'process'],
    set: CHANGING,
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'const seq = Math.min(own, reachedByAll(activeOf(s), voiceOf));',
        replace: `const counted = activeOf(s).map((c) => ({ ...c, sites: [...c.sites, ...s.roster.learners] }));
    const seq = Math.min(own, reachedByAll(counted, voiceOf));`,
      },
    ],
  },
  {
    id: 'two-changes-of-sites-pending',
    title: 'A second change of sites is taken up while the first has not committed.',
    scenario: 'one-change-of-sites-at-a-time',
    edits: [
      {
        file: 'protocol/shard/configuring.ts',
        find: "  if (activeOf(s).length > 1) return 'not_ready'; // † one at a time\n",
        replace: '',
      },
    ],
  },
  {
    id: 'empty-site-is-let-in',
    title: 'A site that has nothing yet counts from now on.',
    scenario: 'change-waits-for-who-comes-and-who-goes',
    edits: [
      {
        file: 'protocol/shard/configuring.ts',
        find: '  return sites.filter(isNew).every((site) => isFilled(step, site, since[site] ?? 0))\n',
        replace:
          '  return sites.filter(isNew).every((site) => isFilled(step, site, 0) || isNew(site))\n',
      },
    ],
  },
  {
    id: 'primary-takes-itself-out',
    title: 'A primary logs a change that leaves itself out.',
    scenario: 'change-waits-for-who-comes-and-who-goes',
    edits: [
      {
        file: 'protocol/shard/configuring.ts',
        find: "if (!countsIn([wanted], wanted, s.config.site, s.config.incarnation)) return 'not_ready';",
        replace: '',
      },
    ],
  },
  {
    id: 'removed-site-still-counts',
    title: 'Acknowledgements of sites that the cluster was made with count for ever.',
    only: ['membership', 'network', 'process'],
    set: CHANGING,
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'const seq = Math.min(own, reachedByAll(activeOf(s), voiceOf));',
        replace: `const counted = activeOf(s).map((c) => ({ ...c, sites: [...new Set([...c.sites, ...s.config.succession])] }));
    const seq = Math.min(own, reachedByAll(counted, voiceOf));`,
      },
      {
        file: 'protocol/shard/replica-set.ts',
        find: 'const wanted = new Set([...sitesOf(activeOf(s)), ...s.roster.learners]);',
        replace:
          'const wanted = new Set([...sitesOf(activeOf(s)), ...s.roster.learners, ...s.config.succession]);',
      },
    ],
  },
  {
    id: 'removed-site-is-heard',
    title: 'A site that was removed is promised an epoch.',
    scenario: 'removed-site-deposes-nobody',
    edits: [
      {
        file: 'protocol/shard/recovery.ts',
        find: 'if (!isKnown && (message.configured ?? 0) <= latestOf(s.membership).version) return;',
        replace: 'if (!isKnown && (message.configured ?? 0) < 0) return;',
      },
    ],
  },
  {
    id: 'old-right-unknown-to-the-new',
    title: 'Who takes a change of sites notes nothing of the right its primary had before.',
    scenario: 'new-sites-wait-for-the-old-right',
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: '  if (message.entries.some(isConfigure)) noteActing(step, message.epoch, s.config.timing.actMs);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'nobody-is-told-that-it-is-done',
    title: 'That a change of sites has committed is read off nothing but the commit position.',
    scenario: 'change-is-known-to-be-done',
    edits: [
      {
        file: 'protocol/shard/membership.ts',
        find: 'if (last.seq <= s.commitSeq || certain.at(-1)?.version === version) return [last.configuration];',
        replace: 'if (last.seq <= s.commitSeq || version < 0) return [last.configuration];',
      },
    ],
  },
  {
    id: 'joins-unnamed',
    title: 'A machine in the place of another has a say as soon as it is filled.',
    scenario: 'machine-in-anothers-place-waits-to-be-named',
    edits: [
      {
        file: 'protocol/shard/step.ts',
        find: 'if (retired > 0 && (certain?.since[site] ?? 0) <= retired) return;',
        replace: '',
      },
    ],
  },
];
