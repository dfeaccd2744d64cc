import { granterEndMs } from '../lease/duration.js';
import { type Holder, holderOf, lend, owesSinceMs, takeBack } from '../lease/lender.js';
import type { Reach } from '../lease/reach.js';
import type { Position } from '../log-entry.js';
import { actEndsMs } from './acting.js';
import { removeClient } from './client-leases.js';
import { release } from './commit.js';
import { heldGrant, leaseLeftMs, settleOwing } from './leasehold.js';
import { isPending, mayLend } from './lending.js';
import { endSeq, newestWrite } from './log-tail.js';
import type { GrantedVersion } from './messages.js';
import type { Step } from './state.js';

/*
 * What a site's clients ask of it, shard by shard: a lease for the session, a file to keep, and that
 * they are done with one.
 */

/** What a client's short lease on one shard is worth. */
export interface ClientLease {
  readonly generation: number;
  readonly durationMs: number;
}

/** What a client is about to be told. */
export interface ToldVersion {
  readonly name: string;
  readonly version: GrantedVersion;
  /** The newest version in the view, looked at by the primary alone. */
  readonly viewed: () => Position | null;
}

/** A client may keep what it reads now, while its lease of this generation runs. */
export interface ClientGrant {
  readonly generation: number;
  readonly serial: number;
}

/** How much longer this site itself may answer for the shard, on its holder clock. */
export function rightLeftMs(step: Step): number {
  const { role, clock } = step.s;
  if (role.kind !== 'primary') return leaseLeftMs(step);
  return mayLend(step, role) ? Math.max(0, actEndsMs(step, role) - clock.holderMs) : 0;
}

/** † Renews a session's lease on this shard, bounded by the right that this site has itself. */
export function renewClient(step: Step, session: string): ClientLease {
  const { s, now } = step;
  const { timing } = s.config;
  const holder = clientOf(step, session);
  if (holder === undefined) return { generation: 0, durationMs: 0 };
  const { generation } = holder;
  const isSlow = now.monoMs - owesSinceMs(holder) > timing.revocationPatienceMs;
  const durationMs = isSlow ? 0 : Math.min(timing.clientLeaseMs, rightLeftMs(step));
  if (durationMs <= 0) return { generation, durationMs: 0 };
  const endMs = granterEndMs(now.monoMs, durationMs, timing);
  holder.endMs = Math.max(holder.endMs, endMs);
  return { generation, durationMs };
}

/**
 * † Registers the file for the session, before the answer that fills its cache leaves; null if it may
 * be told this version and not keep it.
 */
export function lendToClient(step: Step, session: string, told: ToldVersion): ClientGrant | null {
  const { s } = step;
  const { name } = told;
  if (!mayLendVersion(step, told)) return null;
  const holder = clientOf(step, session);
  if (holder === undefined) return null;
  if (holder.files.size >= s.config.limits.clientFiles && !holder.files.has(name)) return null;
  const { serial } = s.clients;
  lend(s.clients.lender, holder, name, serial);
  return { generation: holder.generation, serial };
}

/** The newest version it may be now, and nothing newer pending: between the two may lie a write. */
function mayLendVersion(step: Step, { name, version, viewed }: ToldVersion): boolean {
  const { role, log } = step.s;
  if (role.kind === 'primary') {
    if (!mayLend(step, role) || isPending(step, role, name)) return false;
    return isAt(newestWrite(log, name, endSeq(log)) ?? viewed(), version);
  }
  const grant = heldGrant(step, name);
  if (grant === undefined) return false;
  grant.used = true;
  return isAt(grant.version, version);
}

function isAt(a: Position | null, b: Position | null): boolean {
  return a?.epoch === b?.epoch && a?.seq === b?.seq;
}

/** A session that may hold leases here; undefined when there are as many as may be. */
function clientOf(step: Step, session: string): Holder | undefined {
  const { lender } = step.s.clients;
  const known = lender.holders.get(session);
  if (known !== undefined) return known;
  if (lender.holders.size >= step.s.config.limits.clients) return undefined;
  return holderOf(lender, session, session);
}

/** The client has dropped what it held of the name up to `serial`; null: of the whole shard. */
export function onClientDone(step: Step, session: string, name: Reach, serial: number): void {
  const { s } = step;
  const holder = s.clients.lender.holders.get(session);
  if (holder === undefined) return;
  takeBack(s.clients.lender, holder, name, serial);
  afterClient(step);
}

/** The client does not keep the file any more. */
export function onClientLeft(step: Step, session: string, name: string, serial: number): void {
  onClientDone(step, session, name, serial + 1);
}

/** `certain`: the client said that it uses nothing any more. Else its lease has to run out. */
export function onClientGone(step: Step, session: string, certain: boolean): void {
  const { clients } = step.s;
  const holder = clients.lender.holders.get(session);
  if (holder === undefined) return;
  if (certain) removeClient(step, holder);
  else clients.vanished.add(session);
  afterClient(step);
}

function afterClient(step: Step): void {
  const { role } = step.s;
  if (role.kind === 'primary') release(step, role);
  else settleOwing(step);
}
