import { createHash } from 'node:crypto';
import WebSocket from 'ws';
import { globalPlatform } from './global-platform.js';
import { fetchTrusting } from './node-fetch.js';
import type { Platform } from './platform.js';

const FRAME_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Node: sockets by `ws`, as older versions have none of their own. `ca`: authorities in PEM that are
 * believed in place of the system's.
 */
export function nodePlatform(ca?: string): Platform {
  return {
    ...globalPlatform(),
    ...(ca !== undefined && { fetch: fetchTrusting(ca) }),
    openSocket: (url, subprotocols, events) => {
      const socket = new WebSocket(url, [...subprotocols], {
        perMessageDeflate: false,
        maxPayload: FRAME_LIMIT_BYTES,
        ...(ca !== undefined && { ca }),
      });
      socket.binaryType = 'arraybuffer';
      let told = true;
      socket.on('message', (data, isBinary) => {
        if (!told) return;
        events.frame(isBinary ? new Uint8Array(data as ArrayBuffer) : textOf(data));
      });
      socket.on('error', () => undefined); // `close` follows
      socket.on('close', (code) => {
        if (told) events.closed(code);
        told = false;
      });
      return {
        send: (frame) => {
          if (socket.readyState === WebSocket.OPEN) socket.send(frame);
        },
        close: () => {
          told = false;
          socket.close();
          // Who does not answer the farewell is not waited for.
          setTimeout(() => socket.terminate(), 1000).unref();
        },
      };
    },
    nextTurn: (callback) => void setImmediate(callback),
    md5: (bytes) => createHash('md5').update(bytes).digest('hex'),
  };
}

function textOf(data: WebSocket.RawData): string {
  if (data instanceof ArrayBuffer) return Buffer.from(data).toString();
  return Array.isArray(data) ? Buffer.concat(data).toString() : data.toString();
}
