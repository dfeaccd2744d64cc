import { connect, type Socket } from 'node:net';
import { authorizationLine } from './bench-key.js';

/*
 * A WebSocket that costs its process little: a load of thousands of clients must not slow down what
 * it measures. Frames it sends are masked with zeros, which changes nothing in them.
 */

const HEAD_END = Buffer.from('\r\n\r\n');
const FINAL = 0x80;
const MASKED = 0x80;
const [TEXT, BINARY, CLOSE, PING, PONG] = [1, 2, 8, 9, 10];

export interface ConnectionListener {
  opened(): void;
  frame(frame: string | Uint8Array): void;
  /** Exactly once. */
  closed(): void;
}

export class SessionConnection {
  readonly #socket: Socket;
  readonly #listener: ConnectionListener;
  #rest: Buffer = Buffer.alloc(0);
  #isOpen = false;

  constructor(port: number, listener: ConnectionListener) {
    this.#listener = listener;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.write(
      `GET /v1/session HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${authorizationLine()}` +
        'Sec-WebSocket-Protocol: quorate.1\r\n\r\n',
    );
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => listener.closed());
  }

  send(frames: readonly (string | Uint8Array)[]): void {
    const whole = frames.map((frame) =>
      typeof frame === 'string'
        ? clientFrame(TEXT, Buffer.from(frame))
        : clientFrame(BINARY, frame),
    );
    this.#socket.write(whole.length === 1 ? (whole[0] as Buffer) : Buffer.concat(whole));
  }

  /** Without a word. */
  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    if (!this.#isOpen) {
      const end = data.indexOf(HEAD_END);
      if (end >= 0 && !data.toString('latin1', 0, 12).endsWith('101')) this.destroy();
      this.#isOpen = end >= 0;
      if (end >= 0) {
        data = data.subarray(end + HEAD_END.length);
        this.#listener.opened();
      }
    }
    while (this.#isOpen) {
      const taken = this.#readFrame(data);
      if (taken === 0) break;
      data = data.subarray(taken);
    }
    this.#rest = data;
  }

  /** Returns how long the frame was; 0 if it is not whole yet. */
  #readFrame(data: Buffer): number {
    if (data.length < 2) return 0;
    let length = (data[1] ?? 0) & 0x7f;
    let headBytes = 2;
    if (length >= 126) {
      headBytes = length === 126 ? 4 : 10;
      if (data.length < headBytes) return 0;
      length = length === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
    }
    if (data.length < headBytes + length) return 0;
    const body = data.subarray(headBytes, headBytes + length);
    const opcode = (data[0] ?? 0) & 0x0f;
    if (opcode === TEXT) this.#listener.frame(body.toString());
    else if (opcode === BINARY) this.#listener.frame(body);
    else if (opcode === PING) this.#socket.write(clientFrame(PONG, body));
    else if (opcode === CLOSE) this.destroy();
    return headBytes + length;
  }
}

/** Up to 64 KiB, which is more than any message of a client holds in one frame. */
function clientFrame(opcode: number, body: Uint8Array): Buffer {
  const { length } = body;
  const headBytes = length < 126 ? 6 : 8;
  const frame = Buffer.allocUnsafe(headBytes + length);
  frame[0] = FINAL | opcode;
  frame[1] = MASKED | (length < 126 ? length : 126);
  if (length >= 126) frame.writeUInt16BE(length, 2);
  frame.fill(0, headBytes - 4, headBytes);
  frame.set(body, headBytes);
  return frame;
}
