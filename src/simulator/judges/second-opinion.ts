import type { Operation } from '../history.js';
import { type SearchVerdict, searchLinearization } from './wing-gong-lowe.js';

/** Steps for one run; beyond them there is no second opinion, which is counted. */
const SEARCH_STEPS = 200_000;

/** What a judge says of a run who trusts no version. */
export function secondOpinion(operations: readonly Operation[]): SearchVerdict {
  return searchLinearization(operations, SEARCH_STEPS);
}
