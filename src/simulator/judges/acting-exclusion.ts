import { mayAct } from '../../protocol/shard/acting.js';
import type { Now } from '../../protocol/shard/inputs.js';
import type { ShardState } from '../../protocol/shard/state.js';
import type { Finding } from './finding.js';

/** One replica of a shard, and its clocks at this moment of true time. */
export interface ActingView {
  readonly site: string;
  readonly state: ShardState;
  readonly now: Now;
}

/**
 * I9 for the right to act, which is a lease on a whole shard, in true time: at the moment at which a
 * new primary begins to serve, no earlier one may answer any more. Null where none may.
 */
export function judgeActingExclusion(
  shard: string,
  server: { readonly site: string; readonly epoch: number },
  replicas: Iterable<ActingView>,
): Finding | null {
  for (const { site, state, now } of replicas) {
    const { role } = state;
    if (site === server.site || role.kind !== 'primary' || role.epoch >= server.epoch) continue;
    if (!mayActNow(state, now)) continue;
    return {
      invariant: 'I9',
      message:
        `${server.site} serves ${shard} in epoch ${server.epoch}, while ${site} may still act in ` +
        `epoch ${role.epoch}`,
      operations: [],
    };
  }
  return null;
}

/** As the replica itself would find out if it were asked now; it is not touched. */
function mayActNow(state: ShardState, now: Now): boolean {
  const { role, clock } = state;
  if (role.kind !== 'primary') return false;
  const advance = Math.max(now.monoMs - clock.monoMs, now.wallMs - clock.wallMs, 0);
  const { monoMs, wallMs } = now;
  const s = { ...state, clock: { monoMs, wallMs, holderMs: clock.holderMs + advance } };
  return mayAct({ s, now, out: [] }, role);
}
