import type { ClientMessage, SiteReply } from '../../protocol/client/messages.js';
import { FrameReader, framesOf } from '../../protocol/client/wire.js';
import type { Platform, PlatformSocket } from './platform.js';
import type { Site } from './sites.js';

export const SESSION_PATH = '/v1/session';
export const SESSION_SUBPROTOCOL = 'quorate.1';
/** With a key after it: browsers can send it in no other way. */
const KEY_SUBPROTOCOL = 'quorate.key.';
/** How a site ends a connection whose key it does not take. */
const CLOSE_KEY_REFUSED = 4401;

/** From the opening to the first word of the site. */
const OPEN_LIMIT_MS = 5000;
/** Silence after which the site is asked for a sign of life; twice that is the end. */
const SILENCE_LIMIT_MS = 5000;

export interface SiteSocketEvents {
  message(socket: SiteSocket, message: SiteReply): void;
  /** Once, and never from the constructor. */
  closed(socket: SiteSocket): void;
  /** Before `closed`: the site does not take the key. */
  refused(socket: SiteSocket): void;
  /** A message that a site answers at once. */
  signOfLife(): ClientMessage;
}

/** One connection to one site: messages out, messages in, and its end noticed also when silent. */
export class SiteSocket {
  private readonly reader = new FrameReader('site');
  private readonly socket: PlatformSocket;
  private cancel: () => void;
  private heard = false;
  private asked = false;
  private ended = false;

  constructor(
    private readonly platform: Platform,
    readonly site: Site,
    private readonly events: SiteSocketEvents,
    key: string | undefined,
  ) {
    const url = `${site.url.replace(/^http/, 'ws')}${SESSION_PATH}`;
    this.cancel = platform.setTimer(OPEN_LIMIT_MS, () => this.fail());
    const shown = key === undefined ? [] : [`${KEY_SUBPROTOCOL}${key}`];
    this.socket = platform.openSocket(url, [SESSION_SUBPROTOCOL, ...shown], {
      frame: (frame) => this.take(frame),
      closed: (code) => {
        if (!this.ended && code === CLOSE_KEY_REFUSED) this.events.refused(this);
        this.fail();
      },
    });
  }

  send(message: ClientMessage): void {
    if (this.ended) return;
    for (const frame of framesOf(message)) this.socket.send(frame);
  }

  /** Ends it; nothing is told any more. */
  close(): void {
    if (this.ended) return;
    this.ended = true;
    this.cancel();
    this.socket.close();
  }

  private fail(): void {
    if (this.ended) return;
    this.close();
    this.events.closed(this);
  }

  private take(frame: string | Uint8Array): void {
    if (this.ended) return;
    if (!this.heard) this.listen();
    this.heard = true;
    this.asked = false;
    const parsed = this.reader.push(frame);
    if (parsed === null) return;
    if (parsed.ok) this.events.message(this, parsed.message);
    else this.fail();
  }

  /** Looks from time to time whether anything was heard since the last look. */
  private listen(): void {
    this.cancel();
    this.cancel = this.platform.setTimer(SILENCE_LIMIT_MS, () => {
      if (!this.heard && this.asked) return this.fail();
      if (!this.heard) this.send(this.events.signOfLife());
      this.asked = !this.heard;
      this.heard = false;
      this.listen();
    });
  }
}
