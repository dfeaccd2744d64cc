import type { HardState } from '../../protocol/ports.js';
import type { ShardMessage } from '../../protocol/shard/messages.js';
import type { Finding } from './finding.js';

/** What a disk would hold if it lost power now. */
export interface DurableView {
  durableUpTo(): number;
  durableState(): HardState;
}

/**
 * I15 and I3, at the moment a message leaves: what a replica acknowledges, and the promise that an
 * answer or an acknowledgement rests on, is on its disk, fsynced. Null where nothing is wrong.
 */
export function judgeAcknowledgement(
  site: string,
  shard: string,
  message: ShardMessage,
  disk: DurableView,
): Finding | null {
  if (message.kind !== 'appended' && message.kind !== 'promised') return null;
  const tell = (invariant: 'I3' | 'I15', problem: string): Finding => ({
    invariant,
    message: `${site} ${problem} of ${shard} in epoch ${message.epoch}`,
    operations: [],
  });
  const { promisedEpoch } = disk.durableState();
  if (promisedEpoch < message.epoch) {
    return tell('I3', `spoke on a promise of which only ${promisedEpoch} is on disk,`);
  }
  if (message.kind === 'promised') return null;
  const durable = disk.durableUpTo();
  if (message.durableSeq <= durable) return null;
  return tell('I15', `acknowledged entry ${message.durableSeq}, with ${durable} on disk,`);
}
