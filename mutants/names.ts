import type { Mutant } from '../src/simulator/mutants/mutant.js';

/** Section 4: which shard owns a name is decided by the shards’ logs. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: 'move-without-move-out',
    title: 'The old owner of a name agrees to a move and logs nothing of it.',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "      return { reject: rejection('names_have_files'), restsOn };\n    }\n  }\n  return { accept: intent };",
        replace:
          "      return { reject: rejection('names_have_files'), restsOn };\n    }\n    return { accept: { kind: 'noop' } };\n  }\n  return { accept: intent };",
      },
    ],
  },
  {
    id: 'table-decides-ownership',
    title: 'A shard accepts whatever name it is asked for: the table is trusted.',
    edits: [
      {
        file: 'protocol/shard/judge.ts',
        find: "if (!owns(s.ownership, name)) return { reject: rejection('moving'), restsOn: wholeLog(step) };",
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
];
