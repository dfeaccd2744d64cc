/** Replica count, write quorum and read quorum of a cluster. */
export interface QuorumSizes {
  readonly replicas: number;
  readonly writeQuorum: number;
  readonly readQuorum: number;
}

export type QuorumCheck = { readonly ok: true } | { readonly ok: false; readonly message: string };

/**
 * Whether the sizes can keep the promises: W > N/2, so that two write quorums always share a site,
 * and W ≤ N − 1, so that the loss of one site can be survived (N = 1 stands alone). The refusal
 * says the arithmetic.
 */
export function checkQuorumSizes(sizes: QuorumSizes): QuorumCheck {
  const { replicas: n, writeQuorum: w, readQuorum: r } = sizes;
  for (const [label, value] of [
    ['N', n],
    ['W', w],
    ['R', r],
  ] as const) {
    if (!Number.isInteger(value) || value < 1) {
      return { ok: false, message: `${label} = ${value} is not a whole number of at least 1` };
    }
  }
  if (w > n) return { ok: false, message: `W = ${w} of N = ${n}: a write can never be held` };
  if (r > n) return { ok: false, message: `R = ${r} of N = ${n}: a read can never be answered` };
  if (2 * w <= n) {
    return {
      ok: false,
      message:
        `W = ${w} of N = ${n}: 2 x ${w} = ${2 * w} is not greater than ${n}, so two write quorums ` +
        `need not share a site and a new primary could miss a committed write. ` +
        `Use W >= ${Math.floor(n / 2) + 1}.`,
    };
  }
  if (n > 1 && w > n - 1) {
    return {
      ok: false,
      message:
        `W = ${w} of N = ${n}: with one site lost ${n - 1} are left, fewer than W, so nothing ` +
        `could be written. Use W <= ${n - 1}${n === 2 ? ', which N = 2 cannot: use N = 3' : ''}.`,
    };
  }
  return { ok: true };
}

/** How many promises, its own included, tell a new primary everything that may have committed. */
export function recoveryQuorum(replicas: number, writeQuorum: number): number {
  return replicas - writeQuorum + 1;
}

/** The largest value that at least `quorum` of the values reach; -Infinity with too few values. */
export function reachedByQuorum(values: readonly number[], quorum: number): number {
  let reached = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value <= reached) continue;
    let count = 0;
    for (const other of values) if (other >= value) count += 1;
    if (count >= quorum) reached = value;
  }
  return reached;
}
