import type { ClientMessage, SiteReply } from '../../protocol/client/messages.js';
import { jittered, type Platform } from './platform.js';
import { SiteSocket } from './site-socket.js';
import type { Site, Sites } from './sites.js';

export interface LinkPorts {
  /** Begins with `welcome`; `closed` comes before the next one. */
  heard(message: SiteReply): void;
  closed(): void;
  /** Whom it speaks with from now on; null: with nobody. */
  moved(site: Site | null): void;
  /** Whether a move would interrupt something. */
  isBusy(): boolean;
  signOfLife(): ClientMessage;
  /** A site does not take the key. It is tried again all the same: it may be given new rights. */
  refused(): void;
}

const BACKOFF_MS = [50, 5000] as const;
/** A connection that lasted this long was a good one: the next is made at once. */
const GOOD_MS = 2000;
const LOOK_MS = 5000;
/** A move to a nearer site waits this long for a moment in which nothing is under way. */
const QUIET_WAIT_MS = 1000;

/**
 * Keeps one session with the best site there is: falls to the next when it is lost, tries again with
 * growing, jittered pauses, and moves to a better one when that is back.
 */
export class Link {
  private current: SiteSocket | null = null;
  private next: SiteSocket | null = null;
  /** What the next one has said, while it waits to become the current one. */
  private welcome: SiteReply | null = null;
  private readonly tried = new Set<Site>();
  private rounds = 0;
  private adoptedMs = 0;
  private cancelRetry = (): void => undefined;
  private cancelLook = (): void => undefined;
  private cancelWait = (): void => undefined;
  private closed = false;

  constructor(
    private readonly platform: Platform,
    private readonly sites: Sites,
    private readonly ports: LinkPorts,
    private readonly key?: string,
  ) {}

  get site(): Site | null {
    return this.current?.site ?? null;
  }

  start(): void {
    this.connect();
  }

  send(message: ClientMessage): void {
    this.current?.send(message);
  }

  /** This site cannot do what it was asked. False: there is no other one to try. */
  leave(): boolean {
    const { current } = this;
    if (current === null) return true;
    if (!this.sites.hasOther(current.site)) return false;
    this.sites.avoid(current.site);
    // Nothing it told is used any more: no write there waits for this client's lease.
    current.send({ kind: 'bye' });
    current.close();
    this.ended();
    return true;
  }

  /** Call when something that was under way has ended. */
  quiet(): void {
    if (this.welcome !== null && !this.ports.isBusy()) this.adopt();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const cancel of [this.cancelRetry, this.cancelLook, this.cancelWait]) cancel();
    this.current?.send({ kind: 'bye' });
    this.current?.close();
    this.next?.close();
    this.current = null;
    this.next = null;
  }

  private connect(): void {
    if (this.closed || this.current !== null || this.next !== null) return;
    const site = this.sites.ranked().find((each) => !this.tried.has(each));
    if (site === undefined) return this.connectLater();
    this.tried.add(site);
    this.open(site);
  }

  private connectLater(): void {
    this.tried.clear();
    const delayMs = Math.min(BACKOFF_MS[0] * 2 ** this.rounds, BACKOFF_MS[1]);
    this.rounds += 1;
    this.cancelRetry();
    this.cancelRetry = this.platform.setTimer(jittered(this.platform, delayMs), () =>
      this.connect(),
    );
  }

  private open(site: Site): void {
    const events = {
      message: (socket: SiteSocket, message: SiteReply) => this.take(socket, message),
      closed: (socket: SiteSocket) => this.lost(socket),
      refused: () => this.ports.refused(),
      signOfLife: () => this.ports.signOfLife(),
    };
    this.next = new SiteSocket(this.platform, site, events, this.key);
  }

  private take(socket: SiteSocket, message: SiteReply): void {
    if (socket === this.current) {
      this.ports.heard(message);
      return this.quiet();
    }
    if (socket !== this.next || message.kind !== 'welcome') return;
    this.welcome = message;
    if (this.current === null || !this.ports.isBusy()) return this.adopt();
    this.cancelWait = this.platform.setTimer(QUIET_WAIT_MS, () => this.adopt());
  }

  private adopt(): void {
    const { current, next, welcome } = this;
    if (next === null || welcome?.kind !== 'welcome') return;
    this.cancelWait();
    this.next = null;
    this.welcome = null;
    if (current !== null) {
      current.send({ kind: 'bye' });
      current.close();
      this.ports.closed();
    }
    this.current = next;
    next.site.name = welcome.site;
    this.adoptedMs = this.platform.monoMs();
    this.lookLater();
    this.ports.heard(welcome);
    this.ports.moved(next.site);
  }

  private lost(socket: SiteSocket): void {
    this.sites.lost(socket.site);
    if (socket === this.next) {
      this.cancelWait();
      this.next = null;
      this.welcome = null;
      this.connect();
    } else if (socket === this.current) {
      this.ended();
    }
  }

  private ended(): void {
    const wasGood = this.platform.monoMs() - this.adoptedMs >= GOOD_MS;
    this.current = null;
    this.cancelLook();
    if (wasGood) {
      this.rounds = 0;
      this.tried.clear();
    }
    this.ports.closed();
    this.ports.moved(null);
    if (this.welcome === null) this.connect();
    else this.adopt();
  }

  /** Looks from time to time for a better site, if there may be one. */
  private lookLater(): void {
    this.cancelLook();
    this.cancelLook = this.platform.setTimer(jittered(this.platform, LOOK_MS), () => {
      void this.look().then(() => {
        if (!this.closed && this.current !== null) this.lookLater();
      });
    });
  }

  private async look(): Promise<void> {
    const here = this.current?.site;
    if (here === undefined || this.next !== null) return;
    const others = this.sites.mayBeBetterThan(here);
    if (others.length === 0) return;
    const isKnown = here.roundTripMs < Number.POSITIVE_INFINITY;
    await this.sites.measure(isKnown ? others : [here, ...others]);
    if (this.closed || this.next !== null || this.current?.site !== here) return;
    const best = others.filter((other) => this.sites.isBetter(other, here));
    const [first] = this.sites.ranked().filter((site) => best.includes(site));
    if (first !== undefined) this.open(first);
  }
}
