import type { ShardState } from '../../protocol/shard/state.js';
import { MOMENTS_MS } from './setting.js';

const LAST_MS = MOMENTS_MS[1];
const PASSED_MS = 0;
const NEVER_MS = 2 * LAST_MS;

/**
 * At the last moment only two times can be told apart: what has passed, and what never will. Each
 * time that a state holds is compared with the present one and with others, and the larger of two
 * is kept; so one value for either is enough.
 */
export function age(state: ShardState): void {
  state.noted.untilMs = aged(state.noted.untilMs);
  state.noted.earlierUntilMs = aged(state.noted.earlierUntilMs);
  // An acknowledgement of a heartbeat of the first moment gives a right that has passed.
  if (state.owed.beatSentMs !== null && state.owed.beatSentMs < LAST_MS) {
    state.owed.beatSentMs = null;
  }
  const { lease } = state.leasehold;
  if (lease !== null) state.leasehold.lease = { ...lease, endMs: aged(lease.endMs) };
  const { role } = state;
  if (role.kind === 'candidate') {
    role.nextSendMs = PASSED_MS;
    for (const [site, told] of role.answers) {
      role.answers.set(site, { ...told, clearMs: aged(told.clearMs) });
    }
  }
  if (role.kind !== 'primary') return;
  const { serveFromMs, heldUntilMs } = role;
  state.role = {
    ...role,
    serveFromMs: aged(serveFromMs),
    heldUntilMs: aged(heldUntilMs),
    nextBeatMs: PASSED_MS,
  };
  for (const holder of role.lender.holders.values()) holder.endMs = aged(holder.endMs);
  for (const replica of role.replicas.values()) {
    // One that was never given and one that has passed are the same.
    if (replica.actEndMs <= LAST_MS) replica.actEndMs = PASSED_MS;
  }
}

/**
 * What a site noted of how long primaries may act is told to candidates and to nobody else: when
 * none can be in need of it any more it can as well be forgotten.
 */
export function forgetActing(state: ShardState): void {
  Object.assign(state.noted, { epoch: 0, untilMs: PASSED_MS, earlierUntilMs: PASSED_MS });
}

function aged(timeMs: number): number {
  return timeMs <= LAST_MS ? PASSED_MS : NEVER_MS;
}
