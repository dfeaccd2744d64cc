import { decideStart, planShardStart } from '../../protocol/node/start.js';
import { lendToClient, renewClient } from '../../protocol/shard/client-sessions.js';
import { heldGrant, wantLease } from '../../protocol/shard/leasehold.js';
import { createShardState } from '../../protocol/shard/state.js';
import { advanceClock, nextDeadline, step } from '../../protocol/shard/step.js';

/** The protocol under test: the real one, or a changed copy of it that has to be found out. */
export interface Core {
  readonly createShardState: typeof createShardState;
  readonly step: typeof step;
  readonly advanceClock: typeof advanceClock;
  readonly nextDeadline: typeof nextDeadline;
  readonly decideStart: typeof decideStart;
  readonly planShardStart: typeof planShardStart;
  readonly heldGrant: typeof heldGrant;
  readonly wantLease: typeof wantLease;
  readonly renewClient: typeof renewClient;
  readonly lendToClient: typeof lendToClient;
}

/** Where a copy of the protocol has what a core is made of. */
export const CORE_FILES = [
  'shard/step.js',
  'shard/state.js',
  'node/start.js',
  'shard/leasehold.js',
  'shard/client-sessions.js',
] as const;

export const REAL_CORE: Core = {
  createShardState,
  step,
  advanceClock,
  nextDeadline,
  decideStart,
  planShardStart,
  heldGrant,
  wantLease,
  renewClient,
  lendToClient,
};
