import { emit } from './disk.js';
import { endOf } from './log-tail.js';
import { activeOf, sitesOf } from './membership.js';
import { newProgress } from './replica-progress.js';
import type { PrimaryRole, Step } from './state.js';

/*
 * Whom a primary sends its log to: those who count, and those who are to. Who only learns is sent
 * everything and counts for nothing.
 */

/** Brings the replicas into line with the log's configurations and the learners. */
export function syncReplicas(step: Step, role: PrimaryRole): void {
  const { s } = step;
  const wanted = new Set([...sitesOf(activeOf(s)), ...s.roster.learners]);
  wanted.delete(s.config.site);
  for (const site of role.replicas.keys()) if (!wanted.has(site)) role.replicas.delete(site);
  for (const site of wanted) {
    if (role.replicas.has(site)) continue;
    role.replicas.set(site, newProgress(step, endOf(s.log)));
    role.nextBeatMs = step.now.monoMs;
  }
}

/** The commit position has passed from here to `s.commitSeq`: who is left out now counts no more. */
export function noteCommitted(step: Step, role: PrimaryRole, afterSeq: number): void {
  const { s } = step;
  const passed = s.membership.appended.filter(({ seq }) => seq > afterSeq && seq <= s.commitSeq);
  for (const { configuration } of passed) emit(step, { kind: 'configured', configuration });
  if (passed.length > 0) syncReplicas(step, role);
}
