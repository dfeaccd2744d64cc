import { secondOpinion } from '../judges/second-opinion.js';
import { type RunPlan, runPlan } from './run.js';
import { TRACE_VERSION, Tracer } from './tracer.js';

/**
 * Runs a plan and tells each line of its trace, from the header to the end, findings of the second
 * opinion included. The objects are those of the run: they are to be read at once, and not changed.
 */
export function traceRun(plan: RunPlan, line: (value: object) => void): void {
  const { options } = plan;
  line({ type: 'trace', version: TRACE_VERSION, seed: options.seed, options });
  const result = runPlan(plan, new Tracer(line));
  const { operations, entries } = result.history;
  for (const entry of entries ?? []) line({ type: 'entry', ...entry });
  for (const operation of operations) line({ type: 'operation', ...operation });
  const opinion = secondOpinion(operations);
  const findings = [...result.findings];
  if (opinion.verdict === 'not_linearizable') findings.push(opinion.finding);
  for (const finding of findings) line({ type: 'finding', ...finding });
  const { simulatedMs, events, hash } = result;
  line({ type: 'end', atMs: simulatedMs, events, hash });
}
