import type { Mutant } from '../src/simulator/mutants/mutant.js';

/** Sections 3 of the design: a shard's log, its acknowledgements, its release, its requests. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'acknowledges-before-sync',
    title: 'A replica acknowledges what is still on its way to disk.',
    only: ['process', 'disk'],
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: 'let seq = Math.min(s.durable.syncedSeq, endSeq(s.log));',
        replace: 'let seq = endSeq(s.log);',
      },
    ],
  },
  {
    id: 'acknowledges-before-content',
    title: 'A replica acknowledges an entry whose chunks are not here yet.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: 'for (const missing of s.missing.keys()) if (missing <= seq) seq = missing - 1;',
        replace: '',
      },
    ],
  },
  {
    id: 'failed-sync-ignored',
    title: 'A failed fsync is taken for a success, as a retry would make it look.',
    only: ['disk', 'process'],
    edits: [
      {
        file: 'protocol/shard/step.ts',
        find: '  if (failure !== null) {\n    // †',
        replace: '  if (failure?.message === "never") {\n    // †',
      },
    ],
  },
  {
    id: 'acknowledges-log-end',
    title: 'An acknowledgement names the end of the log, not what this append proved equal.',
    only: ['process', 'network'],
    edits: [
      {
        file: 'protocol/shard/replica.ts',
        find: 'durableSeq: Math.min(acknowledgeableSeq(step), s.provenSeq),',
        replace: 'durableSeq: acknowledgeableSeq(step),',
      },
    ],
  },
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
  {
    id: 'counts-older-epochs',
    title: 'The primary counts acknowledgements for entries of earlier epochs (Raft, figure 8).',
    only: ['process', 'network'],
    redundant:
      'nothing is released before the own entry has committed, so what is only counted is neither ' +
      'answered nor shown; serves-before-own-commit removes that guard',
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (seq >= role.noopSeq && seq > s.commitSeq) {',
        replace: 'if (seq > s.commitSeq) {',
      },
    ],
  },
  {
    id: 'commits-without-itself',
    title: 'Other replicas suffice for a commit: the primary need not be durable.',
    only: ['process'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.syncMostMs': 80,
      'process.blackoutEveryMs': 2000,
    },
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'const seq = Math.min(own, reachedByQuorum(matches, s.config.writeQuorum));',
        replace:
          'const seq = reachedByQuorum([endSeq(s.log), ...matches.slice(1)], s.config.writeQuorum);',
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
        find: 'reachedByQuorum(matches, s.config.writeQuorum)',
        replace: 'reachedByQuorum(matches, 1)',
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
        find: 'answerAt(step, role, ticket, committedBy(entry), entry.seq, false);',
        replace: 'answerAt(step, role, ticket, committedBy(entry), 0, false);',
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
        find: 'const newest = newestWrite(s.log, name, s.releasedSeq);',
        replace: 'const newest = newestWrite(s.log, name, endSeq(s.log));',
      },
      {
        file: 'protocol/shard/judge.ts',
        find: "  invariant(head === null || head.seq <= s.releasedSeq, 'I7', () => `${name} is not released`);\n",
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
        find: 'return answerAt(step, role, ticket, judgement.reject, judgement.restsOnSeq, true);',
        replace: 'return answerAt(step, role, ticket, judgement.reject, 0, true);',
      },
    ],
  },
  {
    id: 'rejects-without-claim',
    title: 'A rejection is answered without a look at quorum or right to act, early or late.',
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
      'mix.conditionChance': 0.8,
    },
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'if (!mayAct(step, role) || !hasQuorum(step, role)) {',
        replace: 'if (!mayAct(step, role) && !hasQuorum(step, role) && role.epoch < 0) {',
      },
      {
        file: 'protocol/shard/judge.ts',
        find: '} else if (isRead && !mayAct(step, role)) {',
        replace: '} else if (isRead && role.epoch < 0) {',
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
    redundant:
      'a request is judged only while the primary may act, and what it saw then was true at that ' +
      'moment, which lies within the call; it matters once leases delay a release',
    edits: [
      {
        file: 'protocol/shard/commit.ts',
        find: 'if (waiter.isRead && !mayAct(step, role)) {',
        replace: 'if (waiter.isRead && role.epoch < 0) {',
      },
    ],
  },
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
    only: ['network', 'process'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'mix.retryChance': 1,
      'process.crashEveryMs': 4000,
      'network.isolateEveryMs': 3000,
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
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "{ outcome: 'committed', name, version, epoch, seq, atMs },\n      seq,",
        replace: "{ outcome: 'committed', name, version, epoch, seq, atMs },\n      0,",
      },
    ],
  },
  {
    id: 'late-attempt-under-later-primary',
    title: 'An attempt takes effect whenever and wherever it arrives, however often.',
    only: ['network', 'process'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
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
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
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
        find: 'const certain = waiter.isRead || unflushed.has(seq);',
        replace: 'const certain = true;',
      },
    ],
  },
  {
    id: 'rejection-hides-earlier-attempt',
    title: 'A rejection is passed on although an earlier attempt may have been heard.',
    only: ['network', 'process'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
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
        file: 'protocol/node/site-node.ts',
        find: 'drive !== undefined && drive.isReadable && drive.state.viewSeq >= seq;',
        replace: 'drive !== undefined && drive.isReadable && seq >= 0;',
      },
    ],
  },
  {
    id: 'cut-leaves-sync-mark',
    title: 'A disk write that ends after a cut still counts for the entries that replaced its own.',
    only: ['network', 'process', 'disk'],
    set: {
      'mix.thinkMs': 20,
      'mix.hotChance': 1,
      hotFiles: 2,
      clients: 9,
      'disk.syncMostMs': 80,
      'process.ambushEveryMs': 500,
      'process.blackoutEveryMs': 4000,
      'network.isolateEveryMs': 3000,
    },
    edits: [
      {
        file: 'protocol/shard/disk.ts',
        find: '  for (const pending of s.disk.inFlight) pending.endSeq = Math.min(pending.endSeq, fromSeq - 1);\n  s.durable.syncedSeq = Math.min(s.durable.syncedSeq, fromSeq - 1);\n',
        replace: '',
      },
    ],
  },
  {
    id: 'move-without-move-out',
    title: 'The old owner of a name agrees to a move and logs nothing of it.',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "      return { reject: rejection('names_have_files'), restsOnSeq };\n    }\n  }\n  return { accept: intent };",
        replace:
          "      return { reject: rejection('names_have_files'), restsOnSeq };\n    }\n    return { accept: { kind: 'noop' } };\n  }\n  return { accept: intent };",
      },
    ],
  },
  {
    id: 'table-decides-ownership',
    title: 'A shard accepts whatever name it is asked for: the table is trusted.',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "if (!owns(s.ownership, name)) return { reject: rejection('moving'), restsOnSeq: endSeq(s.log) };",
        replace: 'if (!owns(s.ownership, name)) s.trimSeq += 0;',
      },
      {
        file: 'protocol/shard/judge.ts',
        find: "  if (!owns(s.ownership, name)) {\n    return answer(step, ticket, { outcome: 'retry', reason: 'moving' });\n  }\n",
        replace: '',
      },
    ],
  },
  {
    id: 'moves-names-that-have-files',
    title: 'A name goes to another shard without its versions.',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: 'if (found.inTheWay || [...s.log.writes.keys()].some(leaving)) {',
        replace: 'if (found.inTheWay && s.log.writes.has(intent.to) && leaving(intent.to)) {',
      },
    ],
  },
  {
    id: 'canary',
    title:
      'About one run in a hundred shows one read an empty file: proves that reports come through.',
    only: [],
    seeds: 1000,
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "  answer(step, ticket, { outcome: 'head', head, epoch: role.epoch });\n}\n\n/** Tells a position",
        replace:
          '  const isHit = (Math.imul(ticket * 31 + s.releasedSeq, 0x9e3779b1) >>> 0) % 4001 === 7;\n' +
          "  answer(step, ticket, { outcome: 'head', head: isHit ? null : head, epoch: role.epoch });\n}\n\n/** Tells a position",
      },
    ],
  },
];
