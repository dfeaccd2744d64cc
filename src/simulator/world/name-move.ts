import type { SiteNode } from '../../protocol/node/site-node.js';
import { type TableChangeResult, changeTable } from '../../protocol/node/table-change.js';

/** Gives one name a rule of its own, by way of a site; each of its steps has a deadline. */
export function moveName(
  node: SiteNode,
  { name, to }: { readonly name: string; readonly to: string },
  deadlineMs: () => number,
  done: (result: TableChangeResult) => void,
): void {
  const { coordinator } = node.ports;
  const { shards, initialRules } = node.config;
  changeTable(
    {
      coordinator,
      shards: [...shards.keys()],
      initialRules,
      submit: (shard, request, answered) =>
        node.submit(
          () => shard,
          request,
          deadlineMs(),
          ({ answer }) => answered(answer),
        ),
    },
    { pattern: { kind: 'exact', name }, to },
    done,
  );
}
