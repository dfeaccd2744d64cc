import type { SiteMessage } from '../../../protocol/node/messages.js';
import { readTraceparent, type SpanContext, traceparentText } from '../request-trace.js';
import { spanBelow } from './span.js';
import type { SpanRecorder } from './span-recorder.js';

/** Recorded writes that are under way at once; of more the oldest are not followed. */
const WRITES_LIMIT = 1024;

type ShardEnvelope = Extract<SiteMessage, { kind: 'shard' }>;

interface Arrived {
  readonly parent: SpanContext;
  readonly from: string;
  readonly startMs: number;
}

/**
 * Follows recorded writes from their primary to its replicas. The primary names them beside the
 * entries that it sends, which the protocol does not look at; the replica's span ends when the entry
 * is on its disk.
 */
export class WriteSpans {
  /** At the primary, by request id: the span that replicas are a part of. */
  private readonly proposed = new Map<string, SpanContext>();
  /** At a replica, by shard and seq. */
  private readonly arrived = new Map<string, Arrived>();

  constructor(
    private readonly recorder: SpanRecorder,
    private readonly nowMs: () => number,
  ) {}

  /** At the primary: the write of this request belongs to the span. */
  proposes(requestId: string, span: SpanContext): void {
    if (requestId !== '') keep(this.proposed, requestId, span);
  }

  /** The message as it is sent: with the spans of the recorded writes among its entries. */
  named(message: SiteMessage): SiteMessage {
    if (this.proposed.size === 0) return message;
    if (message.kind !== 'shard' || message.message.kind !== 'append') return message;
    const traces = message.message.entries.flatMap(({ requestId, seq }) => {
      const span = this.proposed.get(requestId);
      return span === undefined ? [] : [{ seq, parent: traceparentText(span) }];
    });
    return traces.length === 0 ? message : { ...message, traces };
  }

  /** At a replica. */
  heard(from: string, { shard, traces }: ShardEnvelope): void {
    for (const { seq, parent } of traces ?? []) {
      const context = readTraceparent(parent);
      if (context?.sampled !== true) continue;
      const startMs = this.nowMs();
      keep(this.arrived, `${shard}/${seq}`, { parent: context, from, startMs });
    }
  }

  /** An entry is durable at this site. */
  stored(shard: string, seq: number, site: string): void {
    if (this.arrived.size === 0) return;
    const key = `${shard}/${seq}`;
    const found = this.arrived.get(key);
    if (found === undefined) return;
    this.arrived.delete(key);
    const { parent, from, startMs } = found;
    this.recorder.end(spanBelow(parent), parent.spanId, 'server', {
      name: 'replica write',
      tookMs: this.nowMs() - startMs,
      attributes: { 'quorate.shard': shard, 'quorate.seq': seq, 'quorate.site': site, from },
    });
  }
}

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.has(key)) return;
  map.set(key, value);
  if (map.size <= WRITES_LIMIT) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
