import { Agent, request as httpRequest } from 'node:http';
import { BenchFailed } from './bench-cluster.js';
import { type S3Credentials, S3Signer } from '../s3-signer.js';

export interface S3Reply {
  readonly status: number;
  readonly etag: string;
  readonly text: string;
  readonly bytes: number;
}

/** One request after another to the S3 port of one site, over connections that stay. */
export class S3Requests {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(
    private readonly port: number,
    private readonly credentials: S3Credentials,
  ) {}

  close(): void {
    this.agent.destroy();
  }

  /** Throws BenchFailed for an answer that is no success. The text is that of short answers. */
  send(
    method: string,
    path: string,
    options: {
      readonly query?: string;
      readonly body?: Uint8Array | readonly Uint8Array[];
      readonly headers?: readonly string[];
    } = {},
  ): Promise<S3Reply> {
    const { query = '', body = [], headers = [] } = options;
    const pieces = body instanceof Uint8Array ? [body] : body;
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const host = `127.0.0.1:${this.port}`;
    const signer = new S3Signer(this.credentials, Date.now());
    const signed = signer.headers(method, host, path, query);
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        {
          method,
          host: '127.0.0.1',
          port: this.port,
          path: query === '' ? path : `${path}?${query}`,
          agent: this.agent,
          headers: ['Host', host, ...signed, 'Content-Length', String(length), ...headers],
        },
        (incoming) => {
          const kept: Buffer[] = [];
          let bytes = 0;
          incoming.on('data', (piece: Buffer) => {
            bytes += piece.length;
            if (bytes <= 4 * 1024 * 1024) kept.push(piece);
          });
          incoming.once('error', reject);
          incoming.once('end', () => {
            const status = incoming.statusCode ?? 0;
            const text = Buffer.concat(kept).toString();
            const etag = incoming.headers.etag ?? '';
            if (status >= 200 && status < 300) return resolve({ status, etag, text, bytes });
            reject(new BenchFailed(`${method} ${path} was answered ${status}: ${text}`));
          });
        },
      );
      outgoing.once('error', reject);
      for (const piece of pieces) outgoing.write(piece);
      outgoing.end();
    });
  }
}
