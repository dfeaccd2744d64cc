import type { ShardEffect } from '../../protocol/shard/effects.js';
import type { ShardMessage } from '../../protocol/shard/messages.js';
import type { Station } from '../scenario/station.js';

/** What a site must not have done, judged from what is on its disk at that moment; or null. */
export function sayFault(station: Station, effects: readonly ShardEffect[]): string | null {
  const { state, image } = station;
  if (state === null) return null;
  const { role } = state;
  if (role.kind !== 'replica' && role.epoch < image.hard.promisedEpoch) {
    return `I3: acts in epoch ${role.epoch} and has promised ${image.hard.promisedEpoch}`;
  }
  for (const effect of effects) {
    const fault = effect.kind === 'send' ? letterFault(station, effect.message) : null;
    if (fault !== null) return fault;
  }
  return null;
}

function letterFault(station: Station, message: ShardMessage): string | null {
  if (message.kind !== 'appended' && message.kind !== 'promised') return null;
  const { hard, entries } = station.image;
  if (hard.promisedEpoch > message.epoch) {
    return `I3: ${message.kind} in epoch ${message.epoch}, promised ${hard.promisedEpoch}`;
  }
  if (hard.promisedEpoch !== message.epoch || hard.promisedRun !== message.run) {
    return `I15: ${message.kind} in epoch ${message.epoch} before the promise is on disk`;
  }
  const seq = message.kind === 'appended' ? message.durableSeq : message.end.seq;
  const last = entries.at(-1)?.seq ?? 0;
  if (seq > last) return `I15: ${message.kind} up to ${seq}, the disk has ${last}`;
  return null;
}
