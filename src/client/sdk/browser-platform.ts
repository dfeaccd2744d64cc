import { globalPlatform } from './global-platform.js';
import type { Platform } from './platform.js';

/** The part of a browser's WebSocket that is used. */
interface BrowserSocket {
  binaryType: string;
  readonly readyState: number;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(frame: string | Uint8Array): void;
  close(): void;
}

interface BrowserChannel {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: null): void };
}

// What browsers have, and the types of this package's other half do not know.
declare const WebSocket: new (url: string, subprotocols: readonly string[]) => BrowserSocket;
declare const MessageChannel: new () => BrowserChannel;

const OPEN = 1;

/** Browsers, and whatever else has a WebSocket of its own. */
export function browserPlatform(): Platform {
  return {
    ...globalPlatform(),
    openSocket: (url, subprotocols, events) => {
      const socket = new WebSocket(url, subprotocols);
      socket.binaryType = 'arraybuffer';
      socket.onmessage = ({ data }) =>
        events.frame(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer));
      socket.onclose = ({ code }) => events.closed(code);
      return {
        send: (frame) => {
          if (socket.readyState === OPEN) socket.send(frame);
        },
        close: () => {
          socket.onmessage = null;
          socket.onclose = null;
          socket.close();
        },
      };
    },
    nextTurn: turns(new MessageChannel()),
  };
}

/** Unlike a timer's, a message's turn comes without a least delay. */
function turns({ port1, port2 }: BrowserChannel): (callback: () => void) => void {
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(null);
  };
}
