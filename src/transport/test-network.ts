import type { NetworkFixture } from './peer-network.conformance.js';
import type { PeerNetwork, TransportEvent } from './peer-network.js';
import { createPeerNetwork, type NetworkLimits, type PeerNetworkOptions } from './tcp-network.js';

/** Networks on free loopback ports which learn each other's ports as they start. */
export class TcpFixture implements NetworkFixture {
  readonly ports = new Map<string, number>();
  readonly events: TransportEvent[] = [];
  private readonly made: PeerNetwork[] = [];
  private readonly waiters: { kind: string; resolve: (event: TransportEvent) => void }[] = [];

  /** `ofSite`: options that each of them has its own of. */
  constructor(
    private readonly ofSite: (site: string) => Partial<PeerNetworkOptions> = () => ({}),
  ) {}

  make(
    site: string,
    options: {
      run?: string;
      inFlight?: number;
      waiting?: number;
      limits?: Partial<NetworkLimits>;
      network?: Partial<PeerNetworkOptions>;
    } = {},
  ): Promise<PeerNetwork> {
    const limits: Partial<NetworkLimits> = { redialMinMs: 5, redialMaxMs: 20, ...options.limits };
    const { inFlight, waiting } = options;
    const network = createPeerNetwork({
      site,
      run: options.run ?? `run-${site}`,
      incarnation: 1,
      clusterId: 'cluster',
      listen: { host: '127.0.0.1', port: this.ports.get(site) ?? 0 },
      peers: ['a', 'b'].filter((peer) => peer !== site),
      addressOf: (peer) => ({ host: '127.0.0.1', port: this.ports.get(peer) ?? 1 }),
      report: (event) => this.note(event),
      limits: {
        ...limits,
        ...(inFlight === undefined ? {} : { controlCalls: inFlight, bulkCalls: inFlight }),
        ...(waiting === undefined ? {} : { waitingCalls: waiting }),
      },
      ...this.ofSite(site),
      ...options.network,
    });
    this.made.push(network);
    const start = network.start.bind(network);
    network.start = async () => {
      const started = await start();
      if (started.ok) this.ports.set(site, started.port);
      return started;
    };
    return Promise.resolve(network);
  }

  /** The first event of the kind, past or to come. */
  event(kind: TransportEvent['kind']): Promise<TransportEvent> {
    const past = this.events.find((event) => event.kind === kind);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve) => this.waiters.push({ kind, resolve }));
  }

  async close(): Promise<void> {
    await Promise.all(this.made.map((network) => network.close()));
  }

  private note(event: TransportEvent): void {
    this.events.push(event);
    for (const waiter of this.waiters) if (waiter.kind === event.kind) waiter.resolve(event);
  }
}
