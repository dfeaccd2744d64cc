import type { ClientMessage, SiteReply } from '../../protocol/client/messages.js';
import { FrameReader, framesOf } from '../../protocol/client/wire.js';
import type { FetchSettings, Platform, PlatformSocket, SocketEvents } from './platform.js';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A site by script: what it answers, and how far away it is. */
export class ScriptedSite {
  readonly url: string;
  /** `silent`: connections are taken, and nothing ever comes back. */
  state: 'up' | 'down' | 'silent' = 'up';
  /** Sessions are taken, and end with the first word. */
  dropsAtOnce = false;
  readonly heard: ClientMessage[] = [];
  /** Moments at which a connection was asked for. */
  readonly openedMs: number[] = [];
  readonly ends: SocketEvents[] = [];
  answer: (message: ClientMessage) => SiteReply | null = () => null;

  constructor(
    readonly name: string,
    readonly roundTripMs: number,
  ) {
    this.url = `http://${name}:1`;
  }

  /** All its connections break. */
  cut(): void {
    for (const end of this.ends.splice(0)) end.closed(1006);
  }

  /** What it heard that a caller asked for. */
  requests(): ClientMessage[] {
    return this.heard.filter(({ kind }) => kind === 'read' || kind === 'write');
  }
}

/** A platform of scripted sites, in a time of its own. */
export class ScriptedPlatform implements Platform {
  private nowMs = 1000;
  private readonly timers = new Set<Timer>();
  private ids = 0;

  constructor(readonly sites: readonly ScriptedSite[]) {}

  monoMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }

  random(): number {
    return 0.5;
  }

  randomId(): string {
    this.ids += 1;
    return `run${this.ids}`;
  }

  nextTurn(callback: () => void): void {
    this.setTimer(0, callback);
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, callback };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Lets time pass, and everything happen that is due. */
  async pass(durationMs: number): Promise<void> {
    const untilMs = this.nowMs + durationMs;
    for (;;) {
      await settled();
      let next: Timer | undefined;
      for (const timer of this.timers) if (!next || timer.atMs < next.atMs) next = timer;
      if (next === undefined || next.atMs > untilMs) break;
      this.timers.delete(next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.callback();
    }
    this.nowMs = untilMs;
  }

  fetch(url: string, { signal }: FetchSettings): Promise<Response> {
    const site = this.siteAt(url);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      if (site.state === 'silent') return;
      this.setTimer(site.roundTripMs, () => {
        if (site.state === 'up') resolve(Response.json({ site: site.name, status: 'ok' }));
        else reject(new Error('refused'));
      });
    });
  }

  openSocket(url: string, _subprotocols: readonly string[], events: SocketEvents): PlatformSocket {
    const site = this.siteAt(url.replace('ws:', 'http:'));
    const reader = new FrameReader('client');
    let isOpen = true;
    const send = (reply: SiteReply): void => {
      if (isOpen && site.state === 'up') for (const frame of framesOf(reply)) events.frame(frame);
    };
    const end: SocketEvents = {
      frame: () => undefined,
      closed: (code) => isOpen && events.closed(code),
    };
    site.openedMs.push(this.nowMs);
    this.setTimer(site.roundTripMs, () => {
      if (site.state === 'down') return end.closed(1006);
      site.ends.push(end);
      send({ kind: 'welcome', session: 's', site: site.name, position: `v1.${site.name}:1` });
      if (site.dropsAtOnce) end.closed(1006);
    });
    return {
      send: (frame) => {
        const parsed = reader.push(frame);
        if (parsed === null || site.state !== 'up') return;
        if (!parsed.ok) throw new Error(parsed.reason);
        site.heard.push(parsed.message);
        const reply = site.answer(parsed.message);
        if (reply !== null) this.setTimer(site.roundTripMs, () => send(reply));
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  private siteAt(url: string): ScriptedSite {
    const site = this.sites.find((each) => url.startsWith(each.url));
    if (site === undefined) throw new Error(`nothing is at ${url}`);
    return site;
  }
}

/** Resolves when all that can happen without time has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
