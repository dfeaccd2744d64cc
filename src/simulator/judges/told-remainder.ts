import type { ShardMessage } from '../../protocol/shard/messages.js';
import type { Finding } from './finding.js';

/** Heartbeats of one epoch whose acknowledgement may still be on its way, per shard. */
const HEARD_LIMIT = 64;
/** Epochs of which heartbeats may still be on their way. */
const EPOCH_LIMIT = 16;
/** Rounding of sums of milliseconds. */
const TOLERANCE_MS = 1e-6;

interface ShardWord {
  /** By epoch, heartbeats as they first arrived: until when each would bind this site. */
  readonly heard: Map<number, Map<number, number>>;
  /** Until when the primary of an epoch may act on this site's word (monotonic). */
  readonly given: Map<number, number>;
  /** Epochs that were taken back: an acknowledgement that leaves after that binds nobody. */
  readonly withdrawn: Set<number>;
}

/**
 * I9 at one site, while it happens: a replica that acknowledged how long a primary means to act
 * tells a candidate at least what is left of that, in whatever order things came, and across its own
 * restarts. Only that very primary can take it back, by itself or by way of a candidate that it told.
 */
export class ToldRemainder {
  private readonly words = new Map<string, ShardWord>();

  constructor(
    private readonly site: string,
    private readonly monotonicMs: () => number,
  ) {}

  /** A message arrives, before the replica has seen it. */
  arrives(shard: string, message: ShardMessage): void {
    if (message.kind === 'prepare' && message.withdrawn !== undefined) {
      this.takeBack(shard, message.withdrawn.epoch);
    }
    if (message.kind !== 'append' || message.beat === null) return;
    const { heard } = this.word(shard);
    const { epoch, beat } = message;
    let beats = heard.get(epoch);
    if (beats === undefined) {
      heard.set(epoch, (beats = new Map<number, number>()));
      dropOldest(heard, EPOCH_LIMIT);
    }
    if (beats.has(beat.sentMs)) return; // a copy: what it says counted from the first one
    beats.set(beat.sentMs, this.monotonicMs() + beat.actMs);
    dropOldest(beats, HEARD_LIMIT);
  }

  /** A message leaves. Null where it says nothing too small. */
  leaves(shard: string, message: ShardMessage): Finding | null {
    const { heard, given, withdrawn } = this.word(shard);
    if (message.kind === 'appended' && message.beatSentMs !== null) {
      const untilMs = heard.get(message.epoch)?.get(message.beatSentMs);
      if (untilMs !== undefined && !withdrawn.has(message.epoch)) {
        given.set(message.epoch, Math.max(given.get(message.epoch) ?? 0, untilMs));
      }
    } else if (message.kind === 'withdrawn') {
      this.takeBack(shard, message.epoch);
    } else if (message.kind === 'promised') {
      for (const [epoch, untilMs] of given) {
        const leftMs = untilMs - this.monotonicMs();
        if (epoch >= message.epoch || leftMs <= message.remainderMs + TOLERANCE_MS) continue;
        return {
          invariant: 'I9',
          message:
            `${this.site} tells the candidate of ${shard} in epoch ${message.epoch} that nobody acts ` +
            `for more than ${message.remainderMs.toFixed(1)} ms, and has agreed that the primary of ` +
            `epoch ${epoch} does for ${leftMs.toFixed(1)}`,
          operations: [],
        };
      }
    }
    return null;
  }

  private takeBack(shard: string, epoch: number): void {
    const { given, withdrawn } = this.word(shard);
    given.delete(epoch);
    withdrawn.add(epoch);
  }

  private word(shard: string): ShardWord {
    let word = this.words.get(shard);
    if (word === undefined) {
      word = { heard: new Map(), given: new Map(), withdrawn: new Set() };
      this.words.set(shard, word);
    }
    return word;
  }
}

function dropOldest(entries: Map<number, unknown>, limit: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= limit) return;
    entries.delete(oldest);
  }
}
