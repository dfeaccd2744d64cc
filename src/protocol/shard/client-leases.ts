import {
  blockedUntilMs,
  forfeit,
  forfeitAll,
  type Holder,
  isListed,
  revoke,
} from '../lease/lender.js';
import type { Reach } from '../lease/reach.js';
import type { ShardState, Step } from './state.js';

/*
 * The same again between a site and its clients: a session has a short lease on each shard, never
 * longer than what the site itself may do, and a list of registered files.
 */

export function isLent(step: Step, name: Reach): boolean {
  return isListed(step.s.clients.lender, name);
}

/** Tells every client that has the file to drop it. */
export function revokeClients(step: Step, name: Reach): void {
  const { clients } = step.s;
  if (!isListed(clients.lender, name)) return;
  clients.serial += 1;
  const { serial } = clients;
  const sessions = revoke(clients.lender, name, serial, step.now.monoMs).map(({ id }) => id);
  if (sessions.length > 0) step.out.push({ kind: 'invalidate', sessions, name, serial });
}

/** A session that is no more, and whose leases are not either. */
export function removeClient(step: Step, holder: Holder): void {
  const { clients } = step.s;
  forfeit(clients.lender, holder);
  clients.lender.holders.delete(holder.id);
  clients.vanished.delete(holder.id);
}

/** This site's own right changed hands: whatever its clients hold under it is suspect. */
export function loseClients(step: Step): void {
  forfeitAll(step.s.clients.lender);
}

export function clientsTick(step: Step): void {
  const { clients } = step.s;
  for (const session of clients.vanished) {
    const holder = clients.lender.holders.get(session);
    if (holder === undefined) clients.vanished.delete(session);
    else if (holder.endMs <= step.now.monoMs) removeClient(step, holder);
  }
}

export function clientsDeadline(s: ShardState): number {
  let dueMs = Number.POSITIVE_INFINITY;
  for (const session of s.clients.vanished) {
    dueMs = Math.min(dueMs, s.clients.lender.holders.get(session)?.endMs ?? 0);
  }
  return dueMs;
}

/** At the primary: until when its own clients may hold the file at the latest; 0 if none does. */
export function clientsBlockUntilMs(s: ShardState, name: Reach): number {
  return blockedUntilMs(s.clients.lender, name, s.clock.monoMs);
}
