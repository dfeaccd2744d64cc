import type { ClientMessage, SiteReply } from '../../protocol/client/messages.js';
import { traceOf } from '../../protocol/node/client-sessions.js';
import type { LogFields } from './site-log.js';
import type { MessageWatch } from './message-watch.js';
import type { RequestMetrics } from './request-metrics.js';

/** What slow requests are, and who is told. */
export interface SlowSessions {
  readonly ms: number;
  told(fields: LogFields): void;
}

/** Takes the time of what clients ask on their sessions, from frame to frame. */
export class SessionWatch {
  constructor(
    private readonly metrics: RequestMetrics,
    private readonly messages: MessageWatch,
    private readonly nowMs: () => number,
    private readonly slow: SlowSessions,
  ) {}

  /** For one session, which gets its name in a moment. */
  open(): OneSession {
    return new OneSession(this.metrics, this.messages, this.nowMs, this.slow);
  }
}

/** As many as a session may have open, and a few. */
const OPEN_LIMIT = 2048;

export class OneSession {
  private readonly open = new Map<number, number>();
  private session = '';

  constructor(
    private readonly metrics: RequestMetrics,
    private readonly messages: MessageWatch,
    private readonly nowMs: () => number,
    private readonly slow: SlowSessions,
  ) {}

  name(session: string): void {
    this.session = session;
  }

  received(message: ClientMessage): void {
    if (message.kind === 'read' || message.kind === 'write') {
      if (this.open.size < OPEN_LIMIT) this.open.set(message.id, this.nowMs());
    } else if (message.kind === 'done') {
      for (const { shard, serial } of message.files) {
        this.messages.clientDone(shard, this.session, serial);
      }
    }
  }

  sent(reply: SiteReply): void {
    if (reply.kind !== 'read' && reply.kind !== 'written') return;
    const startMs = this.open.get(reply.id);
    if (startMs === undefined) return;
    this.open.delete(reply.id);
    const tookMs = this.nowMs() - startMs;
    const { metrics } = this;
    let outcome: string;
    if (reply.kind === 'read') {
      outcome = reply.ok ? reply.freshness : reply.reason;
      if (reply.ok) metrics.read(reply.freshness, tookMs);
      else metrics.readFailed(reply.reason);
    } else {
      const { answer } = reply;
      outcome = answer.outcome === 'committed' ? 'committed' : answer.reason;
      const isRefused = answer.outcome === 'refused';
      metrics.written(isRefused ? 'rejected' : answer.outcome, tookMs);
      if (answer.outcome !== 'committed') metrics.writeFailed(answer.reason);
    }
    if (tookMs < this.slow.ms) return;
    metrics.slowOne();
    const requestId = traceOf(this.session, reply.id);
    this.slow.told({ requestId, what: reply.kind, outcome, tookMs: Math.round(tookMs) });
  }
}
