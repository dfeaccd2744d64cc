import type { SiteMessage } from '../../protocol/node/messages.js';
import type { LogWrite, ShardLog } from '../../protocol/ports.js';
import type { ShardEvent } from '../../protocol/shard/effects.js';
import type { Transit } from '../sim-network.js';
import type { Fault } from './fault.js';

/*
 * A run as JSON lines, in the order in which things became known; docs/simulation.md has the
 * format. Nothing here draws a random number or schedules an event: a traced run is the same run.
 */
export const TRACE_VERSION = 1;

export type TracedSiteState = 'up' | 'down' | 'paused' | 'asleep';

/** Takes down what happens in a run, line by line. */
export class Tracer {
  constructor(private readonly line: (value: object) => void) {}

  transit(transit: Transit<SiteMessage>): void {
    const { from, to, session, sentMs, arrivedMs, fate, message } = transit;
    const told = { from, to, session, sentMs, arrivedMs, fate, message };
    this.line({ type: 'message', ...told });
  }

  event(atMs: number, site: string, shard: string, event: ShardEvent): void {
    this.line({ type: 'event', atMs, site, shard, event });
  }

  /** What the machine and its process do from now on; before the first time, nothing runs. */
  site(atMs: number, site: string, state: TracedSiteState): void {
    this.line({ type: 'site', atMs, site, state });
  }

  /** Nothing passes this way until then: at once, where it is healed. */
  cut(atMs: number, from: string, to: string, untilMs: number): void {
    this.line({ type: 'link', atMs, from, to, untilMs });
  }

  fault(atMs: number, fault: Fault): void {
    this.line({ type: 'fault', ...fault, atMs });
  }

  /** The same log; each of its writes is one line, written when the disk has answered. */
  watchLog(site: string, shard: string, log: ShardLog, nowMs: () => number): ShardLog {
    return {
      write: (write, done) => {
        const askedMs = nowMs();
        log.write(write, (failure) => {
          const durableMs = failure === null ? nowMs() : null;
          this.line({ type: 'write', site, shard, askedMs, durableMs, ...brief(write) });
          done(failure);
        });
      },
      read: (from, limit, done) => log.read(from, limit, done),
      trim: (upToSeq) => log.trim(upToSeq),
      reset: (base, hardState, done) => {
        const askedMs = nowMs();
        log.reset(base, hardState, (failure) => {
          const durableMs = failure === null ? nowMs() : null;
          this.line({ type: 'reset', site, shard, askedMs, durableMs, base, hardState });
          done(failure);
        });
      },
    };
  }
}

function brief(write: LogWrite): object {
  const { cutFrom, entries, hardState } = write;
  return {
    ...(cutFrom === undefined ? {} : { cutFrom }),
    entries: entries.map(({ epoch, seq, requestId, operation }) => ({
      epoch,
      seq,
      requestId,
      kind: operation.kind,
    })),
    ...(hardState === undefined ? {} : { hardState }),
  };
}
