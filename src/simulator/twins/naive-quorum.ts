/*
 * Quorum arithmetic without arithmetic: it enumerates all subsets. For up to 12 sites; written to
 * be compared with the real one, so it must share nothing with it.
 */

export const NAIVE_SITE_LIMIT = 12;

/** Every subset of `count` sites with `size` members, as lists of site numbers. */
export function subsets(count: number, size: number): number[][] {
  if (count > NAIVE_SITE_LIMIT) throw new Error(`at most ${NAIVE_SITE_LIMIT} sites`);
  const found: number[][] = [];
  for (let mask = 0; mask < 2 ** count; mask += 1) {
    const members: number[] = [];
    for (let site = 0; site < count; site += 1) if ((mask >> site) % 2 === 1) members.push(site);
    if (members.length === size) found.push(members);
  }
  return found;
}

/** Whether every set of `a` sites shares a site with every set of `b` sites, of `count` sites. */
export function alwaysIntersect(count: number, a: number, b: number): boolean {
  return subsets(count, a).every((first) =>
    subsets(count, b).every((second) => first.some((site) => second.includes(site))),
  );
}

/** Whether a write quorum remains whichever single site is lost. */
export function survivesOneLoss(count: number, writeQuorum: number): boolean {
  for (let lost = 0; lost < count; lost += 1) {
    const isLeft = subsets(count, writeQuorum).some((members) => !members.includes(lost));
    if (!isLeft) return false;
  }
  return true;
}

/** The smallest number of answers of which one is sure to be in every write quorum. */
export function smallestRecoveryQuorum(count: number, writeQuorum: number): number | undefined {
  for (let size = 0; size <= count; size += 1) {
    if (alwaysIntersect(count, writeQuorum, size)) return size;
  }
  return undefined;
}

/** Two write quorums always intersect, and one loss can be survived (one site stands alone). */
export function isWriteQuorumAllowed(count: number, writeQuorum: number): boolean {
  if (!Number.isInteger(writeQuorum) || writeQuorum < 1 || writeQuorum > count) return false;
  if (!alwaysIntersect(count, writeQuorum, writeQuorum)) return false;
  return count === 1 || survivesOneLoss(count, writeQuorum);
}

/** Whether a read quorum always meets the newest write without asking the primary. */
export function isReadQuorumAlone(count: number, writeQuorum: number, readQuorum: number): boolean {
  return alwaysIntersect(count, writeQuorum, readQuorum);
}

/** The highest position that some write quorum has reached, each site's durable end given. */
export function naiveCommitSeq(durable: readonly number[], writeQuorum: number): number {
  let best = 0;
  for (const members of subsets(durable.length, writeQuorum)) {
    const reached = Math.min(...members.map((site) => durable[site]!));
    best = Math.max(best, reached);
  }
  return best;
}
