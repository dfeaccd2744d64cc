import type { MetricRegistry } from './metric-registry.js';

/** What a site's clients hold of it at one moment. */
export interface ClientLoad {
  readonly connections: number;
  readonly connectionsLimit: number;
  readonly inFlightBytes: number;
  readonly inFlightBytesLimit: number;
}

/** Counts whom a site turned away, and shows how much of its limits is taken. */
export class ClientWatch {
  constructor(private readonly registry: MetricRegistry) {}

  /** Looked up whenever somebody asks for the metrics. */
  look(load: () => ClientLoad): void {
    this.registry.collect((page) => {
      const { connections, connectionsLimit, inFlightBytes, inFlightBytesLimit } = load();
      page.sample('quorate_client_connections', connections);
      page.sample('quorate_client_connections_limit', connectionsLimit);
      page.sample('quorate_in_flight_bytes', inFlightBytes);
      page.sample('quorate_in_flight_limit_bytes', inFlightBytesLimit);
    });
  }

  refusedRequest(reason: string): void {
    this.registry.counter('quorate_refused_requests_total', reason).add();
  }

  refusedConnection(by: 'native' | 's3', reason: string): void {
    this.registry.counter('quorate_refused_connections_total', by, reason).add();
  }
}
