import { granterEndMs, holderEndMs } from '../lease/duration.js';
import { activeOf, reachedByAll } from './membership.js';
import type { Reign } from './messages.js';
import { promisedReign, sameReign } from './reign.js';
import { voices } from './voices.js';
import type { PrimaryRole, Step } from './state.js';

/*
 * How long a primary may act is agreed with the replicas, on heartbeats: each says how long the
 * primary means to act, and a replica that acknowledges it will tell a successor how much of that
 * is left (PacificA's primary holds its lease from its secondaries). The coordinator has no say.
 */

/** A replica (the primary too) notes that the primary of `epoch` may act for another `actMs`. */
export function noteActing(step: Step, epoch: number, actMs: number): boolean {
  const { noted } = step.s;
  if (epoch <= noted.withdrawn.epoch) return false;
  const untilMs = step.now.monoMs + actMs;
  if (epoch > noted.epoch) {
    noted.earlierUntilMs = Math.max(noted.earlierUntilMs, noted.untilMs);
    noted.epoch = epoch;
    noted.untilMs = untilMs;
  } else if (epoch === noted.epoch) {
    noted.untilMs = Math.max(noted.untilMs, untilMs);
  }
  return true;
}

/**
 * This primary has said that it does not act any more, to whomever. Earlier ones said nothing, nor
 * did another run of the epoch.
 */
export function voidActing(step: Step, { epoch, run }: Reign): boolean {
  const { noted } = step.s;
  if (!sameReign({ epoch, run }, promisedReign(step))) return false;
  if (noted.epoch === epoch) noted.untilMs = 0;
  if (epoch > noted.withdrawn.epoch) noted.withdrawn = { epoch, run };
  return true;
}

/** How much longer some primary may act, as far as this replica noted. */
export function remainderMs(step: Step): number {
  const { noted } = step.s;
  return Math.max(0, Math.max(noted.untilMs, noted.earlierUntilMs) - step.now.monoMs);
}

/** When, on the monotonic clock here, a remainder told by another machine has surely passed. */
export function clearTimeMs(step: Step, remainder: number): number {
  if (remainder <= 0) return step.now.monoMs;
  return granterEndMs(step.now.monoMs, remainder, step.s.config.timing);
}

/** The end of the right that a heartbeat sent at `sentMs` (holder clock) gives once acknowledged. */
export function actEndMs(step: Step, sentMs: number): number {
  const { timing } = step.s.config;
  return holderEndMs(sentMs, timing.actMs, timing);
}

/** † Until when W replicas, this one included, have acknowledged that this primary acts. */
export function actEndsMs(step: Step, role: PrimaryRole): number {
  const { s } = step;
  const voiceOf = voices(s, role, Number.POSITIVE_INFINITY, ({ actEndMs }) => actEndMs);
  return reachedByAll(activeOf(s), voiceOf);
}

export function mayAct(step: Step, role: PrimaryRole): boolean {
  if (role.withdrawal !== null && role.withdrawal.sentMs !== null) return false;
  return step.s.clock.holderMs < actEndsMs(step, role);
}
