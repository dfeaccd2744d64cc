import { OVERLOADED_PAUSE_MS } from '../retry-after.js';
import type { ClientReadAnswer } from '../../protocol/client/answers.js';
import type { ReadMode, SessionWriteAnswer } from '../../protocol/client/messages.js';
import type { Link } from './link.js';
import type { Machine, SessionWriteRequest } from './machine.js';
import type { Pauses } from './pauses.js';

/** The same site may well answer otherwise a moment later. */
const TRANSIENT = new Set([
  'no_primary',
  'moving',
  'overloaded',
  'timeout',
  'primary_lost',
  'broken',
]);
/** Another site may answer otherwise, but not the same one at once. */
const ELSEWHERE = new Set(['quorum_unavailable', 'storage_failed', 'unreachable', 'content_lost']);

export type RetryAdvice = 'again' | 'elsewhere' | 'never';

/** What to do after a request failed for this reason. */
export function adviceOn(reason: string): RetryAdvice {
  if (TRANSIENT.has(reason)) return 'again';
  return ELSEWHERE.has(reason) || reason === 'site_stopping' ? 'elsewhere' : 'never';
}

/**
 * Requests over the session, repeated until they have an answer that another attempt would not
 * change, or no time is left. The connection's loss is the protocol's own matter and no failure here.
 */
export class Requests {
  constructor(
    private readonly machine: Machine,
    private readonly link: Link,
    private readonly pauses: Pauses,
  ) {}

  async read(name: string, mode: ReadMode, untilMs: number): Promise<ClientReadAnswer> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.machine.read(name, mode, untilMs);
      if (answer.ok || !(await this.mayTryAgain(answer.reason, attempt, untilMs))) return answer;
    }
  }

  /** † Every attempt has the same request id; one that may have taken effect is remembered. */
  async write(
    request: Omit<SessionWriteRequest, 'since'>,
    untilMs: number,
  ): Promise<SessionWriteAnswer> {
    if (this.pauses.ended) return { outcome: 'refused', reason: 'closed' };
    let since: string | undefined;
    for (let attempt = 0; ; attempt += 1) {
      const before = this.machine.state.position ?? '';
      const attempted = since === undefined ? request : { ...request, since };
      const { answer, told } = await this.machine.write(attempted, untilMs);
      if (answer.outcome === 'committed') return answer;
      if (answer.outcome === 'unknown') since ??= before;
      const { reason } =
        told?.outcome === undefined || told.outcome === 'committed' ? answer : told;
      if (!(await this.mayTryAgain(reason, attempt, untilMs))) return answer;
    }
  }

  private async mayTryAgain(reason: string, attempt: number, untilMs: number): Promise<boolean> {
    const advice = adviceOn(reason);
    if (advice === 'never') return false;
    if (advice === 'elsewhere' && !this.link.leave() && reason !== 'site_stopping') return false;
    const leastMs = reason === 'overloaded' ? OVERLOADED_PAUSE_MS : 0;
    return this.pauses.backOff(attempt, untilMs, leastMs);
  }
}
