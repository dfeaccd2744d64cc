import type { SiteMessage } from '../../../protocol/node/messages.js';
import type { ShardLog } from '../../../protocol/ports.js';
import { PROGRAM_VERSION } from '../../cluster-status.js';
import type { MessageSpans } from '../message-watch.js';
import type { MetricPage, MetricRegistry } from '../metric-registry.js';
import { readTraceText, type SpanContext } from '../request-trace.js';
import type { Report } from '../site-log.js';
import { SpanExporter } from './span-exporter.js';
import { SpanRecorder } from './span-recorder.js';
import { spanBelow } from './span.js';
import { WriteSpans } from './write-spans.js';

/** Where spans of requests go, and how many of them. */
export interface TracingSettings {
  readonly site: string;
  readonly clusterId: string;
  /** Of a collector that speaks OTLP over HTTP; `/v1/traces` is put behind it. */
  readonly otlpEndpoint: string;
  /** Share of the requests without a trace of their caller's that are recorded, 0 to 1. */
  readonly samplingRatio: number;
}

/** Everything that one site does about spans. */
export class Tracing implements MessageSpans {
  readonly recorder: SpanRecorder;
  readonly writes: WriteSpans;
  private readonly exporter: SpanExporter;

  constructor(
    private readonly settings: TracingSettings,
    registry: MetricRegistry,
    report: Report,
  ) {
    const { site, clusterId, otlpEndpoint, samplingRatio } = settings;
    const exporter = new SpanExporter({
      url: `${otlpEndpoint.replace(/\/+$/, '')}/v1/traces`,
      resource: { site, clusterId, version: PROGRAM_VERSION },
      report,
      exported: registry.counter('quorate_spans_total', 'exported'),
      dropped: registry.counter('quorate_spans_total', 'dropped'),
    });
    this.exporter = exporter;
    this.recorder = new SpanRecorder({ samplingRatio, add: (span) => exporter.add(span) });
    this.writes = new WriteSpans(this.recorder, () => performance.now());
    registry.collect((page: MetricPage) => page.sample('quorate_spans_waiting', exporter.waiting));
  }

  close(): Promise<void> {
    return this.exporter.close();
  }

  asked(question: Parameters<MessageSpans['asked']>[0]): ReturnType<MessageSpans['asked']> {
    const trace = question.kind === 'submit' ? question.request.trace : question.trace;
    const parent = trace === undefined ? null : readTraceText(trace).parent;
    if (parent?.sampled !== true) return null;
    const span: SpanContext = spanBelow(parent);
    if (question.kind === 'submit') this.writes.proposes(question.request.requestId, span);
    return { span, parentSpanId: parent.spanId };
  }

  heard(from: string, message: Extract<SiteMessage, { kind: 'shard' }>): void {
    if (message.traces !== undefined) this.writes.heard(from, message);
  }

  /** The same log, the writes of recorded requests followed to the disk. */
  log(shard: string, log: ShardLog): ShardLog {
    const { site } = this.settings;
    return {
      write: (write, done) =>
        log.write(write, (failure) => {
          if (failure === null) {
            for (const { seq } of write.entries) this.writes.stored(shard, seq, site);
          }
          done(failure);
        }),
      reset: (base, hardState, done) => log.reset(base, hardState, done),
      read: (from, limit, done) => log.read(from, limit, done),
      trim: (upToSeq) => log.trim(upToSeq),
    };
  }
}
