import type { Coordinator, ShardLog } from '../../protocol/ports.js';
import type { SiteMessage } from '../../protocol/node/messages.js';
import type { ShardEvent } from '../../protocol/shard/effects.js';
import type { ShardState } from '../../protocol/shard/state.js';
import type { ObjectService } from '../object-service.js';
import type { ContentAccess } from '../site-context.js';
import { ClaimReasons } from './claim-reasons.js';
import { ClientWatch } from './client-watch.js';
import type { EventRing } from './event-ring.js';
import type { Journal } from './journal.js';
import { type Forwarded, type ForwardedAnswer, MessageWatch } from './message-watch.js';
import { MetricRegistry } from './metric-registry.js';
import { ProcessMetrics } from './process-metrics.js';
import { type Readiness, readinessOf } from './readiness.js';
import { RequestMetrics } from './request-metrics.js';
import {
  type EndedRequest,
  type RequestPorts,
  RequestService,
  type RequestSpans,
  type SlowRequest,
} from './request-service.js';
import {
  newRequestId,
  readTraceText,
  type RequestTrace,
  type SpanContext,
} from './request-trace.js';
import { SessionWatch } from './session-watch.js';
import { reportShardEvent } from './shard-notices.js';
import { collectSite, type SiteSources } from './site-collector.js';
import type { LogFields, Report } from './site-log.js';
import { isReached, StateWatch } from './state-watch.js';
import { observeStores, type StoreObserver } from './store-observer.js';
import { type TracingSettings, Tracing } from './spans/tracing.js';
import { WriteWatch } from './write-watch.js';

/** What a gateway has to say of a request that came. */
export interface AskedRequest {
  /** As the caller named it, judged to be an id; undefined if it did not. */
  readonly id: string | undefined;
  readonly parent: SpanContext | null;
}

/** What a site tells about itself through its gateways, and what they tell it. */
export interface GatewayTelemetry {
  begin(by: 'native' | 's3', asked: AskedRequest, service: ObjectService): RequestService;
  /** The answer was handed over, or its connection ended. */
  ended(by: 'native' | 's3', status: number, tookMs: number): void;
  metrics(): string;
  readiness(): Readiness;
  /** Told of whom the gateways turn away. */
  readonly clients: ClientWatch;
  readonly events: EventRing;
}

export interface TelemetrySettings {
  readonly site: string;
  /** A request that takes at least this long is put into the log. */
  readonly slowRequestMs: number;
  /** Not given: no spans are recorded. */
  readonly tracing?: TracingSettings;
}

export interface TelemetrySources extends Omit<SiteSources, 'readiness'> {
  isStopping(): boolean;
}

/** All that one site measures and tells. Made before its parts, which it is then shown. */
export class SiteTelemetry implements GatewayTelemetry {
  readonly registry = new MetricRegistry();
  readonly clients = new ClientWatch(this.registry);
  readonly messages: MessageWatch;
  readonly claims: ClaimReasons;
  readonly sessions: SessionWatch;
  /** Null where no spans are recorded. */
  readonly tracing: Tracing | null;
  /** Told by the stores of what they wrote. */
  readonly stores: StoreObserver;
  private readonly process = new ProcessMetrics(this.registry);
  private readonly writes = new Map<string, WriteWatch>();
  private readonly interfaces: Readonly<Record<'native' | 's3', RequestPorts>>;
  private readonly statuses = new Map<string, ReturnType<MetricRegistry['histogram']>>();
  private states: StateWatch | null = null;
  private sources: TelemetrySources | null = null;

  constructor(
    private readonly settings: TelemetrySettings,
    private readonly journal: Journal,
  ) {
    const { tracing } = settings;
    this.tracing = tracing ? new Tracing(tracing, this.registry, journal.report) : null;
    const ports = (by: 'native' | 's3'): RequestPorts => ({
      metrics: new RequestMetrics(this.registry, by),
      nowMs,
      slowMs: settings.slowRequestMs,
      slow: (request) => this.slow(request),
      spans: this.tracing === null ? null : this.spansOf(this.tracing, by),
    });
    this.interfaces = { native: ports('native'), s3: ports('s3') };
    this.stores = observeStores(this.registry);
    this.messages = new MessageWatch(
      this.registry,
      nowMs,
      (forwarded, answer) => this.answered(forwarded, answer),
      this.tracing,
    );
    this.sessions = new SessionWatch(
      new RequestMetrics(this.registry, 'session'),
      this.messages,
      nowMs,
      {
        ms: settings.slowRequestMs,
        told: (fields) => this.journal.report('a slow request', slow(fields)),
      },
    );
    this.claims = new ClaimReasons(settings.site, (shard) => this.stateOf(shard)?.claim);
    journal.count((kind) => this.registry.counter('quorate_events_total', kind).add());
  }

  get report(): Report {
    return this.journal.report;
  }

  get events(): EventRing {
    return this.journal.events;
  }

  /** The parts are there: from now on they are looked at. */
  connect(sources: TelemetrySources): void {
    this.sources = sources;
    const readiness = (): Readiness => this.readiness();
    this.registry.collect((page) => collectSite(page, { ...sources, readiness }));
    this.states = new StateWatch(sources.status, this.journal.report);
    this.states.start();
  }

  /** Keeps events in the site's folder, and joins those that an earlier run left there. */
  keepIn(folder: string): Promise<void> {
    return this.journal.keepIn(folder);
  }

  async close(): Promise<void> {
    this.states?.stop();
    this.process.stop();
    await this.tracing?.close();
    await this.journal.close();
  }

  coordinator(coordinator: Coordinator): Coordinator {
    return this.claims.watching(coordinator);
  }

  log(shard: string, log: ShardLog): ShardLog {
    const watch = new WriteWatch(this.registry, shard, () => this.stateOf(shard), nowMs);
    this.writes.set(shard, watch);
    return watch.log(this.tracing?.log(shard, log) ?? log);
  }

  content(access: ContentAccess): ContentAccess {
    const uploads = this.registry.histogram('quorate_upload_duration_seconds');
    return {
      join: (contents) => access.join(contents),
      whole: (content) => access.whole(content),
      bring: (lost) => access.bring(lost),
      read: (content, range) => access.read(content, range),
      upload: async (...asked) => {
        const startMs = nowMs();
        const uploaded = await access.upload(...asked);
        uploads.observe((nowMs() - startMs) / 1000);
        return uploaded;
      },
    };
  }

  /** What another site said has been dealt with. */
  heard(message: SiteMessage): void {
    if (message.kind === 'shard') this.writes.get(message.shard)?.look();
  }

  happened(shard: string, event: ShardEvent): void {
    this.writes.get(shard)?.note(event);
    reportShardEvent(this.journal.report, shard, event, this.claims.of(shard));
  }

  begin(by: 'native' | 's3', asked: AskedRequest, service: ObjectService): RequestService {
    const { parent } = asked;
    const span = this.tracing?.recorder.begin(parent) ?? null;
    const trace: RequestTrace = { id: asked.id ?? newRequestId(), parent, span, waits: null };
    return new RequestService(service, this.interfaces[by], trace);
  }

  ended(by: 'native' | 's3', status: number, tookMs: number): void {
    const kind = status >= 100 ? `${Math.floor(status / 100)}xx` : 'broken';
    const key = `${by} ${kind}`;
    let histogram = this.statuses.get(key);
    if (histogram === undefined) {
      histogram = this.registry.histogram('quorate_http_request_duration_seconds', by, kind);
      this.statuses.set(key, histogram);
    }
    histogram.observe(tookMs / 1000);
  }

  metrics(): string {
    return this.registry.text();
  }

  readiness(): Readiness {
    const { sources } = this;
    if (sources === null) return { ready: false, reasons: ['this site is starting'] };
    const { node } = sources;
    const { storageFailure, sites, writeQuorum } = sources.status();
    return readinessOf({
      stopping: sources.isStopping(),
      storageFailure,
      reachedSites: sites.filter(isReached).length,
      writeQuorum,
      shards: [...node.drives.keys()].map((shard) => ({ shard, primary: node.primaryOf(shard) })),
      reaches: (site) => node.isConnected(site),
    });
  }

  private stateOf(shard: string): ShardState | undefined {
    return this.sources?.node.drives.get(shard)?.state;
  }

  private readonly slow: SlowRequest = (request) => {
    const { what, name, tookMs, outcome, trace } = request;
    const fields = {
      ...requestFields(trace.id, trace.span ?? trace.parent),
      what,
      name,
      outcome,
      tookMs: round(tookMs),
      ...this.waitsOf(request),
    };
    this.journal.report('a slow request', slow(fields));
  };

  private spansOf({ recorder }: Tracing, by: string): RequestSpans {
    return {
      ended: (request) => {
        const { what, name, tookMs, outcome, trace } = request;
        const attributes = { 'quorate.name': name, outcome, ...this.waitsOf(request) };
        recorder.part(trace, { name: what, tookMs, attributes });
      },
      answered: (trace, method, status, tookMs) => {
        const failed = status === null || status >= 500;
        recorder.request(trace, {
          name: `${by} ${method}`,
          tookMs,
          attributes: {
            'http.request.method': method,
            'quorate.site': this.settings.site,
            ...(status !== null && { 'http.response.status_code': status }),
          },
          failure: failed ? `status ${status ?? 'none: the client left'}` : null,
        });
      },
    };
  }

  private waitsOf({ name, trace, written }: EndedRequest): Record<string, string | number> {
    const primary = written?.served.primary;
    const waits =
      written !== null && primary === this.settings.site
        ? this.writes.get(this.sources?.node.shardFor(name) ?? '')?.waits(written.file.seq)
        : undefined;
    const shown = { ...rounded(trace.waits ?? {}), ...rounded(waits ?? {}) };
    return primary === undefined ? shown : { primary, ...shown };
  }

  /** A request of another site was answered here. */
  private answered(forwarded: Forwarded, answer: ForwardedAnswer): void {
    const tookMs = nowMs() - forwarded.startMs;
    const isSlow = tookMs >= this.settings.slowRequestMs;
    const { trace, shard, from, kind } = forwarded;
    this.recordForwarded(forwarded, answer, tookMs);
    if (trace === undefined || (!isSlow && !this.journal.log.isOn('debug'))) return;
    const { id, parent } = readTraceText(trace);
    const waits = this.waitsOfAnswer(shard, answer);
    this.journal.report(`answered a request of ${from}`, {
      level: isSlow ? 'warn' : 'debug',
      shard,
      fields: {
        ...requestFields(id, parent),
        what: kind,
        outcome: answer.outcome,
        tookMs: round(tookMs),
        ...waits,
      },
    });
  }

  private recordForwarded(
    { span, shard, from, kind }: Forwarded,
    answer: ForwardedAnswer,
    tookMs: number,
  ): void {
    if (span === null) return;
    const { outcome } = answer;
    const waits = this.waitsOfAnswer(shard, answer);
    const about = { 'quorate.site': this.settings.site, 'quorate.shard': shard };
    const attributes = { ...about, from, outcome, ...waits };
    const name = `primary ${kind}`;
    this.tracing?.recorder.end(span.span, span.parentSpanId, 'server', {
      name,
      tookMs,
      attributes,
    });
  }

  private waitsOfAnswer(shard: string, answer: ForwardedAnswer): Record<string, number> {
    const waits =
      answer.outcome === 'committed' ? this.writes.get(shard)?.waits(answer.seq) : undefined;
    return rounded(waits ?? {});
  }
}

function nowMs(): number {
  return performance.now();
}

function slow(fields: LogFields): { level: 'warn'; fields: LogFields } {
  return { level: 'warn', fields };
}

function requestFields(requestId: string, parent: SpanContext | null): LogFields {
  return { requestId, ...(parent !== null && { traceId: parent.traceId }) };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Waits by name, those that were there. */
function rounded(waits: object): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const [what, ms] of Object.entries(waits)) {
    if (typeof ms === 'number') fields[what] = round(ms);
  }
  return fields;
}
