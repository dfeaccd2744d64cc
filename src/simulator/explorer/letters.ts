import type { Append, ShardMessage } from '../../protocol/shard/messages.js';
import type { ShardState } from '../../protocol/shard/state.js';
import type { Station } from '../scenario/station.js';

/** A message under way, with the numbers of the sites it is from and for. */
export interface Letter {
  readonly from: string;
  readonly to: string;
  readonly fromIndex: 0 | 1 | 2;
  readonly toIndex: 0 | 1 | 2;
  readonly message: ShardMessage;
}

/*
 * Messages are never taken out of the network: each may arrive again. Without the following nearly
 * all states would differ in nothing but messages that nobody listens to any more. A letter is left
 * out when its arrival, now or ever again, changes nothing that the judges could see:
 *
 * - an answer to a reign that its receiver has given up. No site takes up an epoch again that it
 *   gave up, and no later run has the same name;
 * - an acknowledgement that says no more than is noted already: what is noted only grows;
 * - what the sender said in a reign it has given up since, to a site that durably promised a later
 *   one: it is refused, and the refusal finds nobody;
 * - what is said of leases and withdrawals to or in a reign that is over, in the same way;
 * - a question of a candidate that is one no more, to a site that has made the promise;
 * - an append without a heartbeat that says nothing its receiver does not know, with all its
 *   entries on disk. After a
 *   crash commit positions are learned anew from what the primary sends on the new session.
 */
export function isHeardStill(letter: Letter, to: Station, from: Station): boolean {
  const { message } = letter;
  switch (message.kind) {
    case 'appended':
    case 'mismatch':
    case 'promised':
    case 'fetched':
    case 'refused':
      return isAnswerHeard(letter, to);
    case 'prepare':
    case 'fetch':
      if (to.image.hard.promisedEpoch > message.epoch) return reigns(from, message);
      if (to.image.hard.promisedEpoch < message.epoch) return true;
      return reigns(from, message) && from.state?.role.kind === 'candidate';
    case 'lease-request':
    case 'revoked':
    case 'recalled':
    case 'withdrawn':
      return reigns(to, message);
    case 'lease':
    case 'grant':
    case 'recall':
    case 'withdraw':
      return to.image.hard.promisedEpoch <= message.epoch;
    case 'revoke':
      return to.image.hard.promisedEpoch <= message.epoch || reigns(from, message);
    case 'append':
      if (to.image.hard.promisedEpoch > message.epoch) return reigns(from, message);
      return to.state === null || !isKnown(message, to, to.state);
    default:
      return true;
  }
}

/** Still candidate or primary of that epoch, in that run. */
function reigns(site: Station, { epoch, run }: { epoch: number; run: string }): boolean {
  const { state } = site;
  if (state === null || state.config.run !== run) return false;
  return state.role.kind !== 'replica' && state.role.epoch === epoch;
}

function isAnswerHeard({ message, from }: Letter, to: Station): boolean {
  if (!('run' in message) || !reigns(to, message)) return false;
  const role = to.state?.role;
  if (message.kind === 'promised' || message.kind === 'fetched') return role?.kind === 'candidate';
  if (message.kind !== 'appended' || role?.kind !== 'primary') return true;
  const replica = role.replicas.get(from);
  if (replica === undefined || message.joining) return true;
  // A beat at least as late as this one has been acknowledged, if any end is noted at all.
  const isBeatNew = message.beatSentMs !== null && replica.actEndMs < message.beatSentMs;
  return message.durableSeq > replica.matchSeq || isBeatNew;
}

function isKnown(append: Append, to: Station, state: ShardState): boolean {
  const { hard, entries } = to.image;
  if (append.beat !== null) return false; // it is acknowledged each time
  if (hard.promisedEpoch !== append.epoch || hard.promisedRun !== append.run) return false;
  if (state.hard.promisedEpoch !== append.epoch || append.target !== null) return false;
  if (state.provenSeq < append.previous.seq + append.entries.length) return false;
  if (state.commitSeq < append.commitSeq || state.releasedSeq < append.releasedSeq) return false;
  return append.entries.every(({ epoch, seq }) => entries[seq - 1]?.epoch === epoch);
}
