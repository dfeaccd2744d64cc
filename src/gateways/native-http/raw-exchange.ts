import { connect } from 'node:net';
import type { FileService } from '../../site/file-service.js';
import type { ObjectService } from '../../site/object-service.js';
import type { ListeningHttp } from '../http-listener.js';
import { listen } from './server.js';

/*
 * For tests: a server on a free loopback port, and requests sent to it byte for byte, as no HTTP
 * client would send them.
 */

export function listenOnLoopback(
  service: FileService,
  objects: ObjectService | null = null,
): Promise<ListeningHttp> {
  return listen(service, { site: 'nyc', host: '127.0.0.1', port: 0, objects });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends the bytes, ends the sending side if asked to, and gives the answer up to the close. */
export function sendRaw(port: number, bytes: string | Buffer, half = false): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      if (half) socket.end(bytes);
      else socket.write(bytes);
    });
    socket.on('data', (piece) => pieces.push(piece));
    socket.once('error', reject);
    socket.once('close', () => resolve(parse(Buffer.concat(pieces).toString('latin1'))));
  });
}

function parse(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(first.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}
