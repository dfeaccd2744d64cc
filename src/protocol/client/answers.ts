import type { FileVersion } from '../file-version.js';
import type { ReadFailureReason, SessionWriteAnswer } from './messages.js';

/** How an answer's freshness was established; `memory`: the client's own valid entry. */
export type ClientFreshness = 'memory' | 'primary' | 'lease' | 'validated' | 'fetched' | 'local';

export type ClientReadAnswer =
  | {
      readonly kind: 'read';
      readonly ok: true;
      readonly head: FileVersion | null;
      readonly freshness: ClientFreshness;
    }
  | {
      readonly kind: 'read';
      readonly ok: false;
      readonly reason: ReadFailureReason | 'timeout';
    };

export interface ClientWriteAnswer {
  readonly kind: 'write';
  readonly answer: SessionWriteAnswer;
  /** What the site said of the last attempt, where it said something: whether to try again. */
  readonly told?: SessionWriteAnswer;
}

export type ClientAnswer = ClientReadAnswer | ClientWriteAnswer;
