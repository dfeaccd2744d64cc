import { connect, type Socket } from 'node:net';

export interface ConnectionOptions {
  readonly port: number;
  readonly pipelined: number;
  /** The next request as bytes, or null when there is none yet: then `send` asks again. */
  readonly next: () => Buffer | null;
  /** `isTold`: the answer said when to come again. */
  readonly answered: (status: number, tookMs: number, isTold: boolean) => void;
  readonly broken: (message: string) => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const STATUS_OFFSET = 'HTTP/1.1 '.length;

/**
 * One keep-alive connection that always has its requests under way. It reads no more of an answer
 * than its status and length: the load must cost little beside what it measures.
 */
export class LoadConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #sentMs: number[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #bodyLeft = 0;
  #status = 0;
  #isTold = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('connect', () => {
      for (let sent = 0; sent < options.pipelined; sent += 1) this.send();
    });
    this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.#socket.on('error', (error) => options.broken(error.message));
    this.#socket.on('close', () => options.broken('the connection was closed'));
  }

  close(): void {
    this.#socket.destroy();
  }

  send(): void {
    const request = this.#options.next();
    if (request === null) return;
    this.#sentMs.push(performance.now());
    this.#socket.write(request);
  }

  #read(bytes: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    while (data.length > 0) {
      if (this.#status === 0) {
        const end = data.indexOf(HEAD_END);
        if (end < 0) break;
        this.#readHead(data.toString('latin1', 0, end));
        data = data.subarray(end + HEAD_END.length);
      }
      const taken = Math.min(this.#bodyLeft, data.length);
      this.#bodyLeft -= taken;
      data = data.subarray(taken);
      if (this.#bodyLeft > 0) break;
      const status = this.#status;
      this.#status = 0;
      const tookMs = performance.now() - (this.#sentMs.shift() ?? 0);
      this.#options.answered(status, tookMs, this.#isTold);
      this.send();
    }
    this.#rest = data;
  }

  #readHead(head: string): void {
    this.#status = Number(head.slice(STATUS_OFFSET, STATUS_OFFSET + 3));
    this.#isTold = /\r\nretry-after: \d/i.test(head);
    const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
    this.#bodyLeft = Number(length ?? 0);
  }
}
