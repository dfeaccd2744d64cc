import type { SiteMessage } from '../../protocol/node/messages.js';
import type { ShardMessage } from '../../protocol/shard/messages.js';
import type { Histogram, MetricRegistry } from './metric-registry.js';
import type { SpanContext } from './request-trace.js';

/** A request of another site that this one answers as the primary. */
export interface Forwarded {
  readonly kind: 'submit' | 'ask' | 'ask-end';
  readonly from: string;
  readonly shard: string;
  /** How the other site names the request; undefined if it does not. */
  readonly trace: string | undefined;
  readonly startMs: number;
  /** Of a recorded request: what was made for it here. */
  readonly span: ForwardedSpan | null;
}

export interface ForwardedSpan {
  readonly span: SpanContext;
  readonly parentSpanId: string;
}

/** Told of what comes from other sites before it is dealt with. */
export interface MessageSpans {
  /** Null for a request that is not recorded. */
  asked(question: Question): ForwardedSpan | null;
  heard(from: string, message: Extract<SiteMessage, { kind: 'shard' }>): void;
}

type AnswerMessage = Extract<SiteMessage, { kind: 'submitted' | 'asked' | 'ended' }>;
export type ForwardedAnswer = AnswerMessage['answer'];

type Question = Extract<SiteMessage, { kind: 'submit' | 'ask' | 'ask-end' }>;

/** Questions that are open at once, beyond which the oldest is not measured. */
const OPEN_LIMIT = 16_384;
const REVOKED_LIMIT = 4096;

/**
 * Sees what goes between sites: how long questions of others take here, and how long others take to
 * let written files go.
 */
export class MessageWatch {
  private readonly open = new Map<string, Forwarded>();
  private readonly revoked = new Map<string, number>();
  private readonly durations: Readonly<Record<Forwarded['kind'], Histogram>>;
  private readonly sites: Histogram;
  private readonly clients: Histogram;

  constructor(
    registry: MetricRegistry,
    private readonly nowMs: () => number,
    private readonly answered: (forwarded: Forwarded, answer: ForwardedAnswer) => void,
    private readonly spans: MessageSpans | null = null,
  ) {
    const duration = (kind: string): Histogram =>
      registry.histogram('quorate_forwarded_duration_seconds', kind);
    this.durations = {
      submit: duration('write'),
      ask: duration('read'),
      'ask-end': duration('list'),
    };
    this.sites = registry.histogram('quorate_invalidation_seconds', 'site');
    this.clients = registry.histogram('quorate_invalidation_seconds', 'client');
  }

  heard(from: string, message: SiteMessage): void {
    switch (message.kind) {
      case 'shard':
        this.spans?.heard(from, message);
        if (message.message.kind === 'revoked') this.gaveBack(from, message.shard, message.message);
        return;
      case 'submit':
      case 'ask':
      case 'ask-end':
        return this.asked(from, message);
      default:
        return;
    }
  }

  sent(to: string, message: SiteMessage): void {
    switch (message.kind) {
      case 'shard':
        if (message.message.kind !== 'revoke') return;
        for (const { seq } of message.message.files) {
          keep(this.revoked, `${to}/${message.shard}/${seq}`, this.nowMs(), REVOKED_LIMIT);
        }
        return;
      case 'submitted':
      case 'asked':
      case 'ended': {
        const key = `${to}/${message.run}/${message.id}`;
        const forwarded = this.open.get(key);
        if (forwarded === undefined) return;
        this.open.delete(key);
        const tookMs = this.nowMs() - forwarded.startMs;
        this.durations[forwarded.kind].observe(tookMs / 1000);
        return this.answered(forwarded, message.answer);
      }
      default:
        return;
    }
  }

  /** These clients of this site were told to drop a file. */
  clientsTold(shard: string, sessions: readonly string[], serial: number): void {
    for (const session of sessions) {
      keep(this.revoked, `${session}/${shard}/${serial}`, this.nowMs(), REVOKED_LIMIT);
    }
  }

  clientDone(shard: string, session: string, serial: number): void {
    this.take(`${session}/${shard}/${serial}`, this.clients);
  }

  private asked(from: string, question: Question): void {
    const { kind, shard, run, id } = question;
    const trace = kind === 'submit' ? question.request.trace : question.trace;
    const startMs = this.nowMs();
    const span = this.spans?.asked(question) ?? null;
    const forwarded: Forwarded = { kind, from, shard, trace, startMs, span };
    keep(this.open, `${from}/${run}/${id}`, forwarded, OPEN_LIMIT);
  }

  private gaveBack(
    from: string,
    shard: string,
    message: Extract<ShardMessage, { kind: 'revoked' }>,
  ): void {
    for (const { seq } of message.files) this.take(`${from}/${shard}/${seq}`, this.sites);
  }

  private take(key: string, histogram: Histogram): void {
    const sinceMs = this.revoked.get(key);
    if (sinceMs === undefined) return;
    this.revoked.delete(key);
    histogram.observe((this.nowMs() - sinceMs) / 1000);
  }
}

/** The first time counts; beyond the limit the oldest is forgotten. */
function keep<T>(map: Map<string, T>, key: string, value: T, limit: number): void {
  if (map.has(key)) return;
  map.set(key, value);
  if (map.size <= limit) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
