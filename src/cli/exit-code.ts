import type { Failure } from '../client/attempts.js';
import type { WriteResult } from '../client/write-result.js';

/** What the exit status of `quorate` says. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unknown: 3,
  unavailable: 4,
  precondition: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `
Exit status:
  0  done
  1  failed or rejected: nothing was changed, the message says why
  2  wrong arguments or configuration
  3  unknown: the write may or may not take effect; repeat it with --request-id
  4  unavailable: no site, or too few sites, could be reached; nothing was changed
  5  a condition (--if-version, --if-absent) does not hold; nothing was changed`;

/** Arguments that make no sense; ends the command with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const UNAVAILABLE = new Set([
  'unreachable',
  'broken',
  'quorum_unavailable',
  'no_primary',
  'moving',
  'overloaded',
  'site_stopping',
  'timeout',
]);

function exitOfCode(code: string): ExitCode {
  if (code === 'precondition_failed') return EXIT.precondition;
  return UNAVAILABLE.has(code) ? EXIT.unavailable : EXIT.failed;
}

export function exitOfFailure(failure: Failure): ExitCode {
  return failure.mayHaveHappened ? EXIT.unknown : exitOfCode(failure.code);
}

export function exitOfWrite(result: WriteResult): ExitCode {
  if (result.outcome === 'committed') return EXIT.ok;
  return result.outcome === 'unknown' ? EXIT.unknown : exitOfCode(result.code);
}

/** The gravest of several: unknown before all else, then what failed, then what was not there. */
export function worseExit(a: ExitCode, b: ExitCode): ExitCode {
  const order: readonly ExitCode[] = [0, 5, 4, 1, 2, 3];
  return order.indexOf(a) >= order.indexOf(b) ? a : b;
}
