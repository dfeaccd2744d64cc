import type { Position } from '../log-entry.js';
import type { ReplicaProgress, Step } from './state.js';

/** A site this many entries behind has caught up: the rest is in flight. */
export const NEARLY_EQUAL_ENTRIES = 256;

/** What a primary knows of a replica that it has not heard of yet. */
export function newProgress(step: Step, previous: Position): ReplicaProgress {
  return {
    incarnation: 0,
    joining: false,
    matchSeq: 0,
    previous,
    targetSeq: null,
    heardMs: step.now.monoMs,
    progressMs: step.now.monoMs,
    sentBytes: 0,
    readId: null,
    snapshotSeq: null,
    actEndMs: Number.NEGATIVE_INFINITY,
  };
}
