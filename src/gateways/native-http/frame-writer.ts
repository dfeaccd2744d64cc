import type { Duplex } from 'node:stream';

const FINAL = 0x80;
const TEXT = 1;
const BINARY = 2;

/**
 * Writes whole WebSocket frames to a connection, beside the library that reads it and looks after
 * it: everything told in one turn leaves in one write, and a text told to many is framed once.
 */
export class FrameWriter {
  #corked = false;

  constructor(private readonly socket: Duplex) {}

  write(frame: string | Uint8Array): void {
    this.#cork();
    if (typeof frame === 'string') {
      this.socket.write(textFrame(frame));
      return;
    }
    this.socket.write(headOf(BINARY, frame.length, 0));
    this.socket.write(frame);
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.socket.cork();
    process.nextTick(() => {
      this.#corked = false;
      this.socket.uncork();
    });
  }
}

let latest: { readonly text: string; readonly frame: Buffer } = {
  text: '',
  frame: headOf(TEXT, 0, 0),
};

function textFrame(text: string): Buffer {
  if (text === latest.text) return latest.frame;
  const length = Buffer.byteLength(text);
  const frame = headOf(TEXT, length, length);
  frame.write(text, frame.length - length);
  latest = { text, frame };
  return frame;
}

/** With room for so many bytes behind it. */
function headOf(opcode: number, length: number, room: number): Buffer {
  const headBytes = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const head = Buffer.allocUnsafe(headBytes + room);
  head[0] = FINAL | opcode;
  if (headBytes === 2) {
    head[1] = length;
  } else if (headBytes === 4) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return head;
}
