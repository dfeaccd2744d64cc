import { fileVersionOf, type LogEntry, nameOf } from '../log-entry.js';
import { leasedUnder, type Reach, reachOf } from '../lease/reach.js';
import {
  blockedUntilMs,
  forfeit,
  type Holder,
  holderOf,
  isListed,
  lend,
  passLapsed,
  revoke,
} from '../lease/lender.js';
import { mayAct } from './acting.js';
import { clientsBlockUntilMs, revokeClients } from './client-leases.js';
import { send } from './disk.js';
import { endSeq, entryAt } from './log-tail.js';
import type { Asker, CatalogueAsker } from './lease-state.js';
import type { GrantTerms, RevokedFile } from './messages.js';
import { latestOf } from './membership.js';
import { isReleased } from './released.js';
import type { PrimaryRole, ShardState, Step } from './state.js';

/*
 * The primary's side of leases: which sites hold which files, and what a write has to wait for. Its
 * own clients are asked like everybody else's.
 */

const REVOKE_BATCH = 1024;
/** So many entries are looked at for a late write of a bucket. */
const REST_ENTRIES = 1024;

/** † Whether anything may be granted or renewed: not before serving, nor once leases are recalled. */
export function mayLend(step: Step, role: PrimaryRole): boolean {
  return role.phase === 'serving' && !role.recalls && mayAct(step, role);
}

/** The newest write of the file, if it is not released yet; 0 if it is. */
export function pendingWriteSeq(step: Step, role: PrimaryRole, name: string): number {
  const { s } = step;
  const seq = s.log.writes.get(name)?.at(-1) ?? 0;
  return seq > 0 && !isReleased(s, role, seq) ? seq : 0;
}

/** Whether a write of the file, or a move of names, is not released yet. */
export function isPending(step: Step, role: PrimaryRole, name: string): boolean {
  const { lastMoveSeq } = role;
  if (lastMoveSeq > 0 && !isReleased(step.s, role, lastMoveSeq)) return true;
  return pendingWriteSeq(step, role, name) > 0;
}

/** † Puts the site on the file's list; null if an entry of the file is not released yet. */
export function grantTo(
  step: Step,
  role: PrimaryRole,
  asker: Asker,
  name: string,
): GrantTerms | null {
  if (!mayLend(step, role) || isPending(step, role, name)) return null;
  return lendTo(step, role, asker, name);
}

/**
 * † Lets the site list a bucket without asking: only if every write of a file in it is released, so
 * that the released prefix shows them all. A bucket that was written just now is not worth it.
 */
export function grantCatalogue(
  step: Step,
  role: PrimaryRole,
  asker: CatalogueAsker,
): GrantTerms | null {
  if (!mayLend(step, role) || role.lastMoveSeq > step.s.releasedSeq) return null;
  if (!isAtRest(step, asker.catalogue)) return null;
  return lendTo(step, role, asker, asker.catalogue);
}

/** Whether no file of the bucket has a write that is not released, or was written lately. */
function isAtRest(step: Step, catalogue: string): boolean {
  const { s, now } = step;
  const sinceMs = now.wallMs - s.config.timing.listingRestMs;
  const lastSeq = endSeq(s.log);
  for (let seq = lastSeq; seq > 0; seq -= 1) {
    const entry = entryAt(s.log, seq);
    if (entry === undefined) return true;
    const isOld = entry.atMs <= sinceMs || lastSeq - seq >= REST_ENTRIES;
    if (seq <= s.releasedSeq && isOld) return true;
    if (nameOf(entry)?.startsWith(catalogue) === true) return false;
  }
  return true;
}

function lendTo(step: Step, role: PrimaryRole, asker: Asker, name: string): GrantTerms | null {
  const holder = knownHolder(step, role, asker);
  if (holder === undefined) return null;
  const isFull = holder.files.size >= step.s.config.limits.leasedFiles + REVOKE_BATCH;
  if (isFull && !holder.files.has(name)) return null;
  return grant(step, role, holder, name);
}

function grant(step: Step, role: PrimaryRole, holder: Holder, name: string): GrantTerms {
  const position = endSeq(step.s.log);
  lend(role.lender, holder, name, position);
  return { epoch: role.epoch, run: step.s.config.run, generation: holder.generation, position };
}

/**
 * † A later process of the site holds nothing while the lease of an earlier one runs: clients of
 * that may still serve what they had. Undefined then, and for an earlier process.
 */
export function knownHolder(step: Step, role: PrimaryRole, asker: Asker): Holder | undefined {
  // A site that only learns, or is about to leave, asks each time.
  if (!latestOf(step.s.membership).sites.includes(asker.site)) return undefined;
  const holder = holderOf(role.lender, asker.site, asker.run);
  if (holder.run === asker.run) return holder;
  if (!isLaterRun(asker.site, asker.run, holder.run)) return undefined;
  if (holder.endMs > step.now.monoMs) return undefined; // scenarios/later-run-frees-nobody.txt
  forfeit(role.lender, holder);
  holder.run = asker.run;
  return holder;
}

/** Runs of one site are named `site.incarnation.starts…`, both counted up. */
function isLaterRun(site: string, run: string, than: string): boolean {
  const counts = (name: string): number[] =>
    name
      .slice(site.length + 1)
      .split('.')
      .map(Number);
  const [incarnation = 0, starts = 0] = counts(run);
  const [thanIncarnation = 0, thanStarts = 0] = counts(than);
  return incarnation > thanIncarnation || (incarnation === thanIncarnation && starts > thanStarts);
}

/** † What was written goes off every list: sites are asked, this site's own clients are told. */
export function revokeWritten(step: Step, role: PrimaryRole, entries: readonly LogEntry[]): void {
  const asked = new Map<string, RevokedFile[]>();
  for (const entry of entries) {
    const name = reachOf(entry);
    if (name === undefined) continue;
    if (name === null) role.lastMoveSeq = entry.seq;
    revokeClients(step, name);
    for (const leased of leasedUnder(name)) {
      if (!isListed(role.lender, leased)) continue;
      for (const { id } of revoke(role.lender, leased, entry.seq, step.now.monoMs)) {
        const files = asked.get(id);
        if (files === undefined) asked.set(id, [{ name: leased, seq: entry.seq }]);
        else files.push({ name: leased, seq: entry.seq });
      }
    }
  }
  for (const [site, files] of asked) sendRevoke(step, role, site, files);
}

function sendRevoke(step: Step, role: PrimaryRole, site: string, files: RevokedFile[]): void {
  if (step.s.peers.get(site)?.connected !== true) return;
  const { run } = step.s.config;
  for (let from = 0; from < files.length; from += REVOKE_BATCH) {
    const batch = files.slice(from, from + REVOKE_BATCH);
    send(step, site, { kind: 'revoke', epoch: role.epoch, run, files: batch });
  }
}

/** At a heartbeat: what is still owed is asked for again. */
export function repeatRevocations(step: Step, role: PrimaryRole, site: string): void {
  const holder = role.lender.holders.get(site);
  if (holder === undefined || holder.owed.size === 0) return;
  const files: RevokedFile[] = [];
  for (const [name, { at }] of holder.owed) {
    files.push({ name, seq: at });
    if (files.length === REVOKE_BATCH) break;
  }
  sendRevoke(step, role, site, files);
}

/** Until when some cache may still serve what was there before the entry; 0 if none can. */
export function heldUntilMs(step: Step, role: PrimaryRole, reach: Reach): number {
  let untilMs = clientsBlockUntilMs(step.s, reach);
  for (const leased of leasedUnder(reach)) {
    untilMs = Math.max(untilMs, blockedUntilMs(role.lender, leased, step.now.monoMs));
  }
  return untilMs;
}

/** † Lets a write pass: whoever did not answer has lost its short lease, and with it all it held. */
export function passWrite(step: Step, role: PrimaryRole, reach: Reach): number {
  const { monoMs } = step.now;
  let passed = passLapsed(step.s.clients.lender, reach, monoMs);
  for (const leased of leasedUnder(reach)) passed += passLapsed(role.lender, leased, monoMs);
  return passed;
}

/** On release the sites whose readers want the file have it again, unless more is pending. */
export function grantAgain(step: Step, role: PrimaryRole, entry: LogEntry): void {
  const name = reachOf(entry);
  const sites = typeof name === 'string' ? role.wanted.get(name) : undefined;
  if (typeof name !== 'string' || sites === undefined || isPending(step, role, name)) return;
  role.wanted.delete(name);
  if (!mayLend(step, role)) return;
  const file = fileVersionOf(entry);
  if (file === undefined) return;
  const version = { version: file.version, epoch: file.epoch, seq: file.seq };
  for (const site of sites) {
    const holder = role.lender.holders.get(site);
    if (holder === undefined || holder.endMs <= step.now.monoMs) continue;
    const terms = grant(step, role, holder, name);
    if (step.s.peers.get(site)?.connected !== true) continue;
    send(step, site, { kind: 'grant', ...terms, name, version });
  }
}

/** Whether some site still holds a short lease and has not said that it uses it no more. */
export function leasesOutUntilMs(s: ShardState, role: PrimaryRole): number {
  let untilMs = clientsBlockUntilMs(s, null);
  for (const [site, holder] of role.lender.holders) {
    if (role.withdrawal?.recalled.has(site) === true || holder.endMs <= s.clock.monoMs) continue;
    untilMs = Math.max(untilMs, holder.endMs);
  }
  return untilMs;
}

export function sendRecall(step: Step, role: PrimaryRole): void {
  const { s, now } = step;
  for (const [site, holder] of role.lender.holders) {
    if (role.withdrawal?.recalled.has(site) === true || holder.endMs <= now.monoMs) continue;
    if (s.peers.get(site)?.connected !== true) continue;
    send(step, site, { kind: 'recall', epoch: role.epoch, run: s.config.run });
  }
}
