import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LoadConnection } from './load-connection.js';

let server: Server;
let port: number;
let bodies: string[];

beforeEach(async () => {
  bodies = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => {
      body += piece.toString();
    });
    request.on('end', () => {
      bodies.push(body);
      response.writeHead(body === 'bad' ? 400 : 201, { 'content-length': '100000' });
      // In pieces, so that an answer does not come with one read.
      response.write(Buffer.alloc(70_000));
      response.end(Buffer.alloc(30_000));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it('sends one request after another and tells the status of each answer', async () => {
  const requests = ['one', 'bad', 'three', 'four'].map((body) =>
    Buffer.from(`PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
  );
  const statuses: number[] = [];
  await new Promise<void>((resolve, reject) => {
    const connection = new LoadConnection({
      port,
      pipelined: 2,
      next: () => requests.shift() ?? null,
      answered: (status) => {
        statuses.push(status);
        if (statuses.length === 4) {
          resolve();
          connection.close();
        }
      },
      broken: (message) => reject(new Error(message)),
    });
  });
  expect(bodies).toEqual(['one', 'bad', 'three', 'four']);
  expect(statuses).toEqual([201, 400, 201, 201]);
});
