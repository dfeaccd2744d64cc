import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SiteSession } from '../../site/file-service.js';
import { MemoryFileService } from '../memory-file-service.js';
import type { ListeningHttp } from '../http-listener.js';
import { listen } from './server.js';
import { SESSION_PATH, SESSION_SUBPROTOCOL } from './session-socket.js';

/** Answers each frame with itself; `bad` is no message. */
class Echo extends MemoryFileService {
  isFull = false;
  closed = 0;

  override openSession(send: (frame: string | Uint8Array) => void): SiteSession | null {
    if (this.isFull) return null;
    return {
      receive: (frame) => {
        if (frame === 'bad') return 'not a message';
        send(frame);
        return null;
      },
      closed: () => {
        this.closed += 1;
      },
    };
  }
}

describe('sessions over WebSocket', () => {
  const service = new Echo();
  let server: ListeningHttp;
  const opened: WebSocket[] = [];

  async function connect(
    path: string = SESSION_PATH,
    protocol: string = SESSION_SUBPROTOCOL,
    headers: Record<string, string> = {},
  ): Promise<WebSocket> {
    server = await listen(service, { host: '127.0.0.1', port: 0, site: 'nyc' });
    const url = `${server.url.replace('http', 'ws')}${path}`;
    const socket = new WebSocket(url, protocol, { headers });
    opened.push(socket);
    return socket;
  }

  afterEach(async () => {
    service.isFull = false;
    for (const socket of opened.splice(0)) socket.terminate();
    await server.close(0);
  });

  it('carries text and bytes both ways, and tells when the connection is gone', async () => {
    const socket = await connect();
    await once(socket, 'open');
    socket.send('{}');
    const [text, isBinary] = (await once(socket, 'message')) as [Buffer, boolean];
    expect([text.toString(), isBinary]).toEqual(['{}', false]);
    socket.send(Uint8Array.from([1, 2]));
    const [bytes, isBytes] = (await once(socket, 'message')) as [Buffer, boolean];
    expect([[...bytes], isBytes]).toEqual([[1, 2], true]);
    const before = service.closed;
    socket.close();
    await once(socket, 'close');
    await server.close(0);
    expect(service.closed).toBe(before + 1);
  });

  it('ends a connection that carries no message, and says why', async () => {
    const socket = await connect();
    await once(socket, 'open');
    socket.send('bad');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1008, 'not a message']);
  });

  it('ends a connection whose frame is over the limit', async () => {
    const socket = await connect();
    await once(socket, 'open');
    socket.send('x'.repeat(1024 * 1024 + 1));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1009);
  });

  it('says so when as many sessions are open as may be', async () => {
    service.isFull = true;
    const socket = await connect();
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1013);
  });

  it.each([
    ['another path', '/v1/other', SESSION_SUBPROTOCOL, {}, 404],
    ['another protocol', SESSION_PATH, 'other', {}, 400],
    ['a page of another origin', SESSION_PATH, SESSION_SUBPROTOCOL, { origin: 'http://evil' }, 403],
  ])('refuses %s', async (_what, path, protocol, headers, status) => {
    const socket = await connect(path, protocol, headers);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain(String(status));
  });

  it('ends its sessions when the site stops', async () => {
    const socket = await connect();
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await server.close(0);
    const [code] = (await closed) as [number];
    expect(code).toBe(1001);
  });
});
