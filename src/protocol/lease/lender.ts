import type { Reach } from './reach.js';

/*
 * What a granter keeps of the rights it has lent: the primary towards sites, a site towards its
 * clients. A holder may use a file while two things last: the file is on its list, and its short
 * lease runs. So renewing costs nothing per file, and whoever has vanished holds up a write for no
 * longer than its short lease (volume leases: Yin, Alvisi, Dahlin, Lin).
 */

/** What a holder was asked to give back, and has not yet. */
export interface Revocation {
  /** The position that revokes it. */
  at: number;
  readonly owedSinceMs: number;
}

export interface Holder {
  readonly id: string;
  /** The process that holds. What an earlier one held is of no use to it. */
  run: string;
  /** † Raised when a write passes without this holder's word: its list is void from then on. */
  generation: number;
  /** Until when its short lease may run, on the granter's monotonic clock. */
  endMs: number;
  /** Each name with the position up to which everything was known when it was lent. */
  readonly files: Map<string, number>;
  /** Names that are revoked and not yet given back, the oldest first. */
  readonly owed: Map<string, Revocation>;
}

/** Who has one file. Thousands may: all of them keep this one text as its name. */
export interface FileList {
  readonly name: string;
  /** Most files have one: a set for it alone would take more room than all the rest. */
  holders: Holder | Set<Holder>;
}

export interface Lender {
  readonly holders: Map<string, Holder>;
  readonly lists: Map<string, FileList>;
}

export function createLender(): Lender {
  return { holders: new Map(), lists: new Map() };
}

export function holderOf(lender: Lender, id: string, run: string): Holder {
  const known = lender.holders.get(id);
  if (known !== undefined) return known;
  const endMs = Number.NEGATIVE_INFINITY;
  const holder = { id, run, generation: 1, endMs, files: new Map(), owed: new Map() };
  lender.holders.set(id, holder);
  return holder;
}

export function lend(lender: Lender, holder: Holder, name: string, position: number): void {
  const list = lender.lists.get(name);
  if (list === undefined) lender.lists.set(name, { name, holders: holder });
  else if (list.holders instanceof Set) list.holders.add(holder);
  else if (list.holders !== holder) list.holders = new Set([list.holders, holder]);
  holder.files.set(list?.name ?? name, position);
  holder.owed.delete(name);
}

/** Everybody on the file's list. */
export function holdersOfFile(lender: Lender, name: string): Iterable<Holder> {
  const holders = lender.lists.get(name)?.holders ?? [];
  return 'id' in holders ? [holders] : holders;
}

/** † Takes the file off the holder's list only if it was lent before `position`. */
export function takeBack(lender: Lender, holder: Holder, reach: Reach, position: number): void {
  if (reach === null) {
    for (const name of [...holder.files.keys()]) takeBack(lender, holder, name, position);
    return;
  }
  const lentAt = holder.files.get(reach);
  if (lentAt === undefined || lentAt >= position) return;
  unlist(lender, holder, reach);
}

function unlist(lender: Lender, holder: Holder, name: string): void {
  holder.files.delete(name);
  holder.owed.delete(name);
  const list = lender.lists.get(name);
  if (list === undefined) return;
  if (list.holders instanceof Set) list.holders.delete(holder);
  if (list.holders === holder || (list.holders instanceof Set && list.holders.size === 0))
    lender.lists.delete(name);
}

/** Asks for the name back from everybody who has it; returns those who were not asked before. */
export function revoke(lender: Lender, reach: Reach, position: number, nowMs: number): Holder[] {
  if (reach === null) {
    const asked = new Set<Holder>();
    for (const name of [...lender.lists.keys()]) {
      for (const holder of revoke(lender, name, position, nowMs)) asked.add(holder);
    }
    return [...asked];
  }
  const asked: Holder[] = [];
  for (const holder of holdersOfFile(lender, reach)) {
    const owed = holder.owed.get(reach);
    if (owed !== undefined) {
      owed.at = position;
      continue;
    }
    holder.owed.set(reach, { at: position, owedSinceMs: nowMs });
    asked.push(holder);
  }
  return asked;
}

/** Nothing that this holder has is of use any more, and it cannot tell by itself. */
export function forfeit(lender: Lender, holder: Holder): void {
  for (const name of [...holder.files.keys()]) unlist(lender, holder, name);
  holder.generation += 1;
}

export function forfeitAll(lender: Lender): void {
  for (const holder of lender.holders.values()) forfeit(lender, holder);
}

/** Since when the holder owes an answer to a revocation; Infinity if it owes none. */
export function owesSinceMs(holder: Holder): number {
  for (const { owedSinceMs } of holder.owed.values()) return owedSinceMs;
  return Infinity;
}

function holdersOf(lender: Lender, reach: Reach): Iterable<Holder> {
  if (reach !== null) return holdersOfFile(lender, reach);
  return [...lender.holders.values()].filter((holder) => holder.files.size > 0);
}

/**
 * When to look again whether anybody holds the name still: the end of one of the short leases that
 * run; 0 if none does. Looks no further than that one, for there may be thousands.
 */
export function blockedUntilMs(lender: Lender, reach: Reach, nowMs: number): number {
  for (const { endMs } of holdersOf(lender, reach)) if (endMs > nowMs) return endMs;
  return 0;
}

/** † Passes over holders whose short lease has run out: what they have is void. */
export function passLapsed(lender: Lender, reach: Reach, nowMs: number): number {
  let passed = 0;
  for (const holder of [...holdersOf(lender, reach)]) {
    if (holder.endMs > nowMs) continue;
    forfeit(lender, holder);
    passed += 1;
  }
  return passed;
}

export function isListed(lender: Lender, reach: Reach): boolean {
  for (const _holder of holdersOf(lender, reach)) return true;
  return false;
}
