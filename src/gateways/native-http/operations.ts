import type { SiteEvent } from '../../site/telemetry/event-ring.js';
import { EVENTS_LIMIT } from '../../site/telemetry/event-ring.js';
import { METRICS_CONTENT_TYPE } from '../../site/telemetry/metric-registry.js';
import type { GatewayTelemetry } from '../../site/telemetry/site-telemetry.js';
import { send } from '../http-exchange.js';
import type { Exchange, OperationsAnswers } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { refusal } from './problem.js';
import { readNumber, readQuery } from './request-target.js';

/*
 * What operators and their programs ask a site: is it alive, may it be sent clients, how is it doing,
 * and what has happened.
 */

/** Where these are. */
export const OPERATIONS_PATHS = ['/metrics', '/v1/health/live', '/v1/health/ready', '/v1/events'];

const DEFAULT_EVENTS = 100;
/** Streams of events at once; more are refused. */
const STREAMS_LIMIT = 64;
/** A reader that is this far behind is cut off; it asks again from where it was. */
const BACKLOG_LIMIT_BYTES = 1024 * 1024;
const SIGN_OF_LIFE_MS = 15_000;

export class Operations implements OperationsAnswers {
  private readonly streams = new Set<Exchange['response']>();
  private isDraining = false;

  constructor(private readonly telemetry: GatewayTelemetry) {}

  /** Ends all streams and takes no more. */
  drain(): void {
    this.isDraining = true;
    for (const response of this.streams) response.end();
  }

  answer(exchange: Exchange, path: string, query: string): void {
    const { method } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') {
      const problem = refusal('method_not_allowed', `${method} is not among GET, HEAD`);
      return sendProblem(exchange, problem, { headers: ['Allow', 'GET, HEAD'] });
    }
    const parameters = readQuery(query, path === '/v1/events' ? ['after', 'limit'] : []);
    if (!parameters.ok) return sendProblem(exchange, parameters);
    switch (path) {
      case '/metrics':
        return send(
          exchange,
          200,
          ['Content-Type', METRICS_CONTENT_TYPE, 'Cache-Control', 'no-store'],
          this.telemetry.metrics(),
        );
      case '/v1/health/live':
        return sendJson(exchange, 200, { site: exchange.site, live: true });
      case '/v1/health/ready': {
        const { ready, reasons } = this.telemetry.readiness();
        return sendJson(exchange, ready ? 200 : 503, { site: exchange.site, ready, reasons });
      }
      default:
        return this.answerEvents(exchange, parameters.values);
    }
  }

  private answerEvents(exchange: Exchange, query: ReadonlyMap<string, string>): void {
    const { headers, method } = exchange.request;
    const after = readNumber(query, 'after', 0, Number.MAX_SAFE_INTEGER);
    if (!after.ok) return sendProblem(exchange, after);
    const limit = readNumber(query, 'limit', 1, EVENTS_LIMIT);
    if (!limit.ok) return sendProblem(exchange, limit);
    const isStream = (headers.accept ?? '').includes('text/event-stream');
    if (isStream && method === 'GET') return this.stream(exchange, after.value, limit.value);
    const events = this.telemetry.events.after(after.value, limit.value ?? DEFAULT_EVENTS);
    sendJson(exchange, 200, { site: exchange.site, events });
  }

  /** Server-sent events: those that were asked for, then each as it happens. */
  private stream(exchange: Exchange, after?: number, limit = DEFAULT_EVENTS): void {
    const { request, response } = exchange;
    if (this.isDraining || this.streams.size >= STREAMS_LIMIT) {
      const detail = `${STREAMS_LIMIT} streams of events are open here, the most allowed`;
      return sendProblem(exchange, refusal('overloaded', detail));
    }
    response.writeHead(200, [
      'Content-Type',
      'text/event-stream',
      'Cache-Control',
      'no-store',
      'Quorate-Site',
      exchange.site,
      'Quorate-Request-Id',
      exchange.requestId,
    ]);
    const write = (text: string): void => {
      response.write(text);
      if (response.writableLength > BACKLOG_LIMIT_BYTES) response.destroy();
    };
    const tell = (event: SiteEvent): void =>
      write(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
    // A browser that connects again says which one it saw last.
    const seen = Number(request.headers['last-event-id'] ?? Number.NaN);
    const from = Number.isSafeInteger(seen) && seen >= 0 ? seen : after;
    const { events } = this.telemetry;
    write(': events of this site\n\n');
    for (const event of events.after(from, from === undefined ? limit : EVENTS_LIMIT)) tell(event);
    const following = events.follow(tell);
    const pulse = setInterval(() => write(': still here\n\n'), SIGN_OF_LIFE_MS).unref();
    this.streams.add(response);
    response.on('close', () => {
      clearInterval(pulse);
      following.cancel();
      this.streams.delete(response);
    });
  }
}
