import { send } from './disk.js';
import type { Reign } from './messages.js';
import type { Step } from './state.js';

export function sameReign(a: Reign, b: Reign): boolean {
  return a.epoch === b.epoch && a.run === b.run;
}

export function promisedReign(step: Step): Reign {
  return { epoch: step.s.hard.promisedEpoch, run: step.s.hard.promisedRun };
}

/** True if a message of this reign may be heard; says so to its sender if it may not. */
export function admitReign(step: Step, from: string, reign: Reign): boolean {
  const promised = promisedReign(step);
  if (reign.epoch > promised.epoch || sameReign(reign, promised)) return true;
  send(step, from, { kind: 'refused', epoch: reign.epoch, run: reign.run, promised });
  return false;
}
