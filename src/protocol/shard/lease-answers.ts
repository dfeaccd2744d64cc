import { granterEndMs } from '../lease/duration.js';
import { forfeit, owesSinceMs, takeBack } from '../lease/lender.js';
import { actEndsMs } from './acting.js';
import { release } from './commit.js';
import { send } from './disk.js';
import { isPending, knownHolder, mayLend } from './lending.js';
import type { LeaseRequest, Recalled, Revoked } from './messages.js';
import type { PrimaryRole, Step } from './state.js';

/*
 * What sites say to the primary about leases: that they want one, and that they use a file no more.
 */

/** The role that a message was meant for; undefined if this is no longer it. */
function roleOf(step: Step, message: { epoch: number; run: string }): PrimaryRole | undefined {
  const { role, config } = step.s;
  if (role.kind !== 'primary' || role.epoch !== message.epoch) return undefined;
  return message.run === config.run ? role : undefined;
}

/** † A short lease is counted from here on by the monotonic clock, and by its holder from sending. */
export function onLeaseRequest(step: Step, from: string, message: LeaseRequest): void {
  const { s, now } = step;
  const role = roleOf(step, message);
  if (role === undefined || !mayLend(step, role)) return;
  const holder = knownHolder(step, role, { site: from, run: message.holder });
  if (holder === undefined) return;
  for (const { name, position } of message.left) takeBack(role.lender, holder, name, position + 1);
  release(step, role);
  const { timing } = s.config;
  if (now.monoMs - owesSinceMs(holder) > timing.revocationPatienceMs) return;
  const durationMs = Math.min(timing.leaseMs, actEndsMs(step, role) - s.clock.holderMs);
  if (durationMs <= 0) return;
  holder.endMs = Math.max(holder.endMs, granterEndMs(now.monoMs, durationMs, timing));
  const { epoch, run, holder: asking, sentMs } = message;
  const { generation } = holder;
  send(step, from, { kind: 'lease', epoch, run, holder: asking, sentMs, durationMs, generation });
}

export function onRevoked(step: Step, from: string, message: Revoked): void {
  const role = roleOf(step, message);
  const holder = role?.lender.holders.get(from);
  if (role === undefined || holder === undefined) return;
  for (const { name, seq, wanted } of message.files) {
    takeBack(role.lender, holder, name, seq);
    if (!wanted || name === null || !isPending(step, role, name)) continue;
    const sites = role.wanted.get(name);
    if (sites === undefined) role.wanted.set(name, new Set([from]));
    else sites.add(from);
  }
  release(step, role);
}

/** † A process that ends speaks for itself alone: a later one of its site may hold a lease by now. */
export function onRecalled(step: Step, from: string, message: Recalled): void {
  const role = roleOf(step, message);
  if (role === undefined) return;
  if (message.holder !== undefined) {
    const holder = role.lender.holders.get(from);
    if (holder?.run !== message.holder) return;
    forfeit(role.lender, holder);
    holder.endMs = Number.NEGATIVE_INFINITY;
    release(step, role);
  }
  role.withdrawal?.recalled.add(from);
}
