import type { ClientMessage, SiteReply } from '../../protocol/client/messages.js';
import type { ClientSessions } from '../../protocol/node/client-sessions.js';
import type { NodeClock } from '../clock.js';
import type { EventQueue } from '../event-queue.js';
import type { Random } from '../random.js';

/** One end of the site: as it was when the session was made. */
export interface SessionHost {
  readonly site: string;
  readonly sessions: ClientSessions;
  readonly clock: NodeClock;
  /** Whether this process of the site is still the one that runs. */
  isAlive(): boolean;
}

export interface SessionEnd {
  readonly clock: NodeClock;
  heard(message: SiteReply): void;
  closed(): void;
}

/**
 * A connection between a client and a site: ordered both ways, and gone as a whole. When it is cut
 * nothing arrives from then on, and each side notices by itself some time later.
 */
export class SimSession {
  private id: string | null = null;
  private isCut = false;
  private siteClosed = false;
  private clientClosed = false;
  private readonly arrivals = { toSite: 0, toClient: 0 };

  constructor(
    private readonly queue: EventQueue,
    private readonly host: SessionHost,
    private readonly client: SessionEnd,
    private readonly delayMs: number,
    private readonly random: Random,
  ) {}

  get site(): string {
    return this.host.site;
  }

  open(): void {
    this.carry('toSite', () => {
      if (!this.host.isAlive()) return this.noticeAtClient(0);
      this.id = this.host.sessions.open((message) =>
        this.carry('toClient', () => this.client.heard(message)),
      );
    });
  }

  send(message: ClientMessage): void {
    this.carry('toSite', () => {
      if (this.id !== null) this.host.sessions.receive(this.id, message);
    });
  }

  /** Nothing more arrives; the site notices after `siteMs`, the client after `clientMs`. */
  cut(siteMs: number, clientMs: number): void {
    if (this.isCut) return;
    this.isCut = true;
    this.noticeAtSite(siteMs);
    this.noticeAtClient(clientMs);
  }

  private noticeAtSite(afterMs: number): void {
    this.queue.after(afterMs, () =>
      this.host.clock.deliver(() => {
        if (this.siteClosed || this.id === null || !this.host.isAlive()) return;
        this.siteClosed = true;
        this.host.sessions.closed(this.id);
      }),
    );
  }

  private noticeAtClient(afterMs: number): void {
    this.isCut = true;
    this.queue.after(afterMs, () =>
      this.client.clock.deliver(() => {
        if (this.clientClosed) return;
        this.clientClosed = true;
        this.client.closed();
      }),
    );
  }

  private carry(way: 'toSite' | 'toClient', arrive: () => void): void {
    if (this.isCut) return;
    const { queue, arrivals } = this;
    const delayMs = this.delayMs + this.random.exponential(this.delayMs / 4);
    arrivals[way] = Math.max(arrivals[way], queue.nowMs + delayMs);
    const { clock } = way === 'toSite' ? this.host : this.client;
    queue.at(arrivals[way], () => {
      if (this.isCut) return;
      clock.deliver(() => {
        const isHeard = way === 'toSite' ? this.host.isAlive() : !this.clientClosed;
        if (!this.isCut && isHeard) arrive();
      });
    });
  }
}
