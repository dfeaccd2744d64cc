import type { Mutant } from '../src/simulator/mutants/mutant.js';
import { BUSY, LARGE, SHORT_MS, WRITING } from './pins.js';

/** Section 3: a request takes effect at most once, and its outcome is told truly. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'request-ids-not-replicated',
    title: 'Only the primary that logged a request remembers its id: a later one applies it again.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: '  noteRequest(s.requests, entry, s.config.limits.requestEntries);\n',
        replace:
          "  if (source === '') noteRequest(s.requests, entry, s.config.limits.requestEntries);\n",
      },
    ],
  },
  {
    id: 'request-ids-lost-at-restart',
    title: 'A site that starts knows no request ids.',
    only: ['process', 'network'],
    set: {
      safetyMs: SHORT_MS,
      'process.crashEveryMs': 2500,
      'process.downMs': 300,
      'mix.retryChance': 1,
    },
    edits: [
      {
        file: 'protocol/shard/state.ts',
        find: 'const requests = createRequestTable(start.requests);',
        replace: 'const requests = createRequestTable([]);',
      },
      {
        file: 'protocol/shard/state.ts',
        find: '    noteRequest(state.requests, entry, config.limits.requestEntries);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'cut-request-ids-kept',
    title: 'The id of an entry that was cut still counts as done.',
    only: ['process'],
    set: {
      ...LARGE,
      'mix.retryChance': 1,
      'mix.patienceMs': 5000,
      'process.crashEveryMs': 2500,
      'process.downMs': 3000,
    },
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: '    unnoteRequest(s.requests, entry);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'pending-id-answered-early',
    title: 'The retry of a pending request gets the outcome before there is one.',
    only: ['process', 'network'],
    set: {
      safetyMs: SHORT_MS,
      'mix.retryChance': 1,
      'process.crashEveryMs': 2500,
      'network.linkEveryMs': 2000,
    },
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: '    const wait = { seq, prefix: false };\n    return waitFor(',
        replace: '    const wait = { seq: 0, prefix: false };\n    return waitFor(',
      },
    ],
  },
  {
    id: 'late-attempt-under-later-primary',
    title: 'An attempt takes effect whenever and wherever it arrives, however often.',
    only: ['network', 'process'],
    set: {
      ...BUSY,
      'mix.conditionChance': 0.5,
      'network.delivery': 'unordered',
      'network.duplicateChance': 0.1,
      'network.stragglerChance': 0.1,
      'process.stopEveryMs': 4000,
    },
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'if (input.epoch !== null && input.epoch !== role.epoch) {',
        replace: 'if (input.epoch !== null && input.epoch < 0) {',
      },
      {
        file: 'protocol/node/calls.ts',
        find: 'if (this.heard.has(key)) return false;',
        replace: 'if (this.heard.has(key)) return true;',
      },
    ],
  },
  {
    id: 'attempt-delivered-twice',
    title: 'An attempt that is delivered again is tried again.',
    only: ['network'],
    set: {
      ...BUSY,
      'network.delivery': 'unordered',
      'network.duplicateChance': 0.1,
      'network.stragglerChance': 0.05,
      'mix.conditionChance': 0.8,
    },
    edits: [
      {
        file: 'protocol/node/calls.ts',
        find: 'if (this.heard.has(key)) return false;',
        replace: 'if (this.heard.has(key)) return true;',
      },
    ],
  },
  {
    id: 'lost-primary-means-rejected',
    title: 'What was under way when a primary steps down is called rejected.',
    only: ['process', 'network', 'coordinator'],
    edits: [
      {
        file: 'protocol/shard/step-down.ts',
        find: '} else if (waiter.isRead || dropped) {',
        replace: '} else if (waiter.isRead || dropped || ticket > 0) {',
      },
    ],
  },
  {
    id: 'rejection-hides-earlier-attempt',
    title: 'A rejection is passed on although an earlier attempt may have been heard.',
    only: ['network', 'process'],
    set: {
      ...WRITING,
      'mix.conditionChance': 0.8,
      'network.delivery': 'unordered',
      'network.stragglerChance': 0.1,
      'network.stragglerMs': 500,
      'network.breakSessionEveryMs': 500,
    },
    edits: [
      {
        file: 'protocol/node/site-node.ts',
        find: 'return ambiguous ? giveUp(primary) : done({ answer, primary });',
        replace: 'return done({ answer, primary });',
      },
    ],
  },
];
