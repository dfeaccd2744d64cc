import { decideStart, planShardStart } from '../../protocol/node/start.js';
import { createShardState } from '../../protocol/shard/state.js';
import { nextDeadline, step } from '../../protocol/shard/step.js';

/** The protocol under test: the real one, or a changed copy of it that has to be found out. */
export interface Core {
  readonly createShardState: typeof createShardState;
  readonly step: typeof step;
  readonly nextDeadline: typeof nextDeadline;
  readonly decideStart: typeof decideStart;
  readonly planShardStart: typeof planShardStart;
}

export const REAL_CORE: Core = {
  createShardState,
  step,
  nextDeadline,
  decideStart,
  planShardStart,
};
