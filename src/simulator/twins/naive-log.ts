import { type Position, comparePositions } from '../../protocol/log-entry.js';

/*
 * Log reconciliation, told as slowly as possible. A log is the list of its entries' epochs; entry
 * number i (from 1) is at index i - 1. Shares no code with the real one.
 */

/** What an append says: the entry before it, and the epochs of the entries that follow. */
export interface NaiveAppend {
  readonly previousEpoch: number;
  readonly previousSeq: number;
  readonly epochs: readonly number[];
}

export type NaiveResult =
  /** Everything up to `provenSeq` is now known to equal the sender's log. */
  | { readonly matched: true; readonly log: readonly number[]; readonly provenSeq: number }
  | { readonly matched: false; readonly log: readonly number[] }
  /** It would cut what is committed: two primaries disagree, which must never happen. */
  | { readonly matched: 'conflict'; readonly log: readonly number[] };

/**
 * What a replica's log must be after an append: cut only from the first entry whose epoch differs
 * from the one sent; what is shorter, repeated or out of order cuts nothing.
 */
export function naiveAppend(
  log: readonly number[],
  commitSeq: number,
  append: NaiveAppend,
): NaiveResult {
  const { previousEpoch, previousSeq, epochs } = append;
  if (previousSeq > log.length) return { matched: false, log };
  if (previousSeq > 0 && log[previousSeq - 1] !== previousEpoch) return { matched: false, log };
  let result = [...log];
  for (let index = 0; index < epochs.length; index += 1) {
    const seq = previousSeq + 1 + index;
    const isHere = result.length >= seq;
    if (isHere && result[seq - 1] === epochs[index]) continue;
    if (isHere) {
      if (seq <= commitSeq) return { matched: 'conflict', log };
      result = result.filter((_, place) => place < seq - 1);
    }
    result = [...result, epochs[index]!];
  }
  return { matched: true, log: result, provenSeq: previousSeq + epochs.length };
}

/** The longest seq up to which both logs have the same epochs. */
export function naiveMatchPoint(a: readonly number[], b: readonly number[]): number {
  let seq = 0;
  while (seq < a.length && seq < b.length && a[seq] === b[seq]) seq += 1;
  return seq;
}

/** The answers a new primary got: whose log does it adopt? The largest (epoch, seq) of the ends. */
export function naiveBestLog(logs: readonly (readonly number[])[]): number {
  const endOf = (log: readonly number[]): Position => ({ epoch: log.at(-1) ?? 0, seq: log.length });
  let best = 0;
  logs.forEach((log, index) => {
    if (comparePositions(endOf(log), endOf(logs[best]!)) > 0) best = index;
  });
  return best;
}

/** Every log of up to `length` entries whose epochs do not fall and are at most `epochs`. */
export function allLogs(length: number, epochs: number): number[][] {
  const logs: number[][] = [[]];
  for (let index = 0; index < logs.length; index += 1) {
    const log = logs[index]!;
    if (log.length === length) continue;
    for (let epoch = log.at(-1) ?? 1; epoch <= epochs; epoch += 1) logs.push([...log, epoch]);
  }
  return logs;
}
