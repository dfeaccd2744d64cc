import { afterEach, beforeEach, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { SessionConnection } from './session-connection.js';

let server: WebSocketServer;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
});

afterEach(() => {
  server.close();
});

it('speaks the protocol that a WebSocket library speaks, with frames of every length', async () => {
  server.on('connection', (socket: WebSocket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const sent = ['', 'x', 'y'.repeat(125), 'z'.repeat(126), Buffer.alloc(32_768, 3), 'last'];
  const received: (string | Uint8Array)[] = [];
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve, reject) => {
    const connection = new SessionConnection(port, {
      opened: () => connection.send(sent),
      frame: (frame) => {
        received.push(typeof frame === 'string' ? frame : Buffer.from(frame));
        if (received.length < sent.length) return;
        connection.destroy();
        resolve();
      },
      closed: () => reject(new Error('closed')),
    });
  });
  expect(received).toEqual(sent);
});
