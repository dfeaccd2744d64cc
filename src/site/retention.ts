import type { SiteNode } from '../protocol/node/site-node.js';

/** How long superseded versions are kept. */
export const HISTORY_MS = 30 * 24 * 3_600_000;
const ROUND_MS = 3_600_000;
const SUBMIT_LIMIT_MS = 30_000;
/** After the start, when shards have their primaries. */
const FIRST_ROUND_MS = 10_000;

/** Once an hour, drops the history that is old enough from the shards this site is primary of. */
export function startRetention(node: SiteNode, wallMs: () => number): { stop(): void } {
  const round = (): void => {
    for (const [shard, drive] of node.drives) {
      if (drive.state.role.kind !== 'primary') continue;
      const request = {
        requestId: '',
        since: null,
        intent: { kind: 'retain', beforeMs: Math.max(0, wallMs() - HISTORY_MS) },
        conditions: {},
      } as const;
      node.submit(
        () => shard,
        request,
        node.nowMs() + SUBMIT_LIMIT_MS,
        () => undefined, // The next round does what this one could not.
      );
    }
  };
  const first = setTimeout(round, FIRST_ROUND_MS).unref();
  const hourly = setInterval(round, ROUND_MS).unref();
  return {
    stop: () => {
      clearTimeout(first);
      clearInterval(hourly);
    },
  };
}
