import type { Socket } from 'node:net';
import { FRAME_TYPES, HEADER_BYTES, encodeJsonFrame } from './frame.js';
import type { Hello, HelloSource, Refusal } from './hello.js';
import { judgeHello, makeHello, parseHello, parseRefusal } from './hello.js';
import type { ConnectionClass, TransportEvent } from './peer-network.js';

/** All that is read of an unknown other end before it has said who it is. */
const HELLO_LIMIT_BYTES = 4096;

export type Handshake =
  /** `rest` was read along with the hello and belongs to the session. */
  | { readonly ok: true; readonly hello: Hello; readonly rest: Buffer }
  | { readonly ok: false; readonly kind: TransportEvent['kind']; readonly message: string };

type FirstFrame =
  | { readonly ok: true; readonly type: number; readonly payload: Buffer; readonly rest: Buffer }
  | { readonly ok: false; readonly kind: TransportEvent['kind']; readonly message: string };

/** Reads one frame of at most HELLO_LIMIT_BYTES, then leaves the socket paused. */
function readFirstFrame(
  socket: Socket,
  deadlineMs: number,
  done: (frame: FirstFrame) => void,
): void {
  let received: Buffer = Buffer.alloc(0);
  const finish = (frame: FirstFrame): void => {
    clearTimeout(timer);
    socket.off('data', onData);
    socket.off('close', onClose);
    socket.pause();
    done(frame);
  };
  const onClose = (): void =>
    finish({ ok: false, kind: 'connection_lost', message: 'closed before the hello was complete' });
  const onData = (bytes: Buffer): void => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    if (received.length < HEADER_BYTES) return;
    const end = HEADER_BYTES + received.readUInt32BE(0);
    const type = received[4] as number;
    if (type > FRAME_TYPES.refuse || type < FRAME_TYPES.hello) {
      finish({ ok: false, kind: 'garbage', message: 'the first bytes are not a hello' });
    } else if (end > HELLO_LIMIT_BYTES) {
      finish({ ok: false, kind: 'frame_too_long', message: `a hello of ${end} bytes` });
    } else if (received.length >= end) {
      const payload = received.subarray(HEADER_BYTES, end);
      finish({ ok: true, type, payload, rest: received.subarray(end) });
    }
  };
  const timer = setTimeout(
    () => finish({ ok: false, kind: 'hello_timeout', message: `no hello within ${deadlineMs} ms` }),
    deadlineMs,
  );
  socket.on('data', onData);
  socket.on('close', onClose);
}

/** The accepting side. `admit` judges what only the network knows (is it a peer, is the link cut). */
export function acceptHello(
  socket: Socket,
  self: HelloSource,
  deadlineMs: number,
  admit: (hello: Hello) => Refusal | null,
  done: (result: Handshake) => void,
): void {
  readFirstFrame(socket, deadlineMs, (frame) => {
    if (!frame.ok) return done(frame);
    const hello = frame.type === FRAME_TYPES.hello ? parseHello(frame.payload) : null;
    if (hello === null) {
      return done({ ok: false, kind: 'garbage', message: 'the hello does not match its schema' });
    }
    const refusal = judgeHello(hello, self) ?? admit(hello);
    if (refusal === null) {
      const welcome = makeHello(self, hello.from, hello.class);
      socket.write(encodeJsonFrame(FRAME_TYPES.welcome, welcome));
      return done({ ok: true, hello, rest: frame.rest });
    }
    refuse(socket, refusal);
    done({ ok: false, kind: 'refused', message: `${refusal.reason}: ${refusal.message}` });
  });
}

/** Says why, and ends the connection. */
export function refuse(socket: Socket, refusal: Refusal): void {
  socket.end(encodeJsonFrame(FRAME_TYPES.refuse, refusal));
  socket.destroySoon();
}

/** The dialling side. */
export function sayHello(
  socket: Socket,
  self: HelloSource,
  to: string,
  connectionClass: ConnectionClass,
  deadlineMs: number,
  done: (result: Handshake) => void,
): void {
  socket.write(encodeJsonFrame(FRAME_TYPES.hello, makeHello(self, to, connectionClass)));
  readFirstFrame(socket, deadlineMs, (frame) => {
    if (!frame.ok) return done(frame);
    if (frame.type === FRAME_TYPES.refuse) {
      const { reason, message } = parseRefusal(frame.payload);
      return done({ ok: false, kind: 'refused', message: `${reason}: ${message}` });
    }
    const hello = frame.type === FRAME_TYPES.welcome ? parseHello(frame.payload) : null;
    if (hello === null || hello.from !== to || hello.class !== connectionClass) {
      return done({ ok: false, kind: 'garbage', message: 'the welcome does not match its schema' });
    }
    const refusal = judgeHello(hello, self);
    if (refusal === null) return done({ ok: true, hello, rest: frame.rest });
    done({ ok: false, kind: 'refused', message: `${refusal.reason}: ${refusal.message}` });
  });
}
