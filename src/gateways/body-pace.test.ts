import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DEFAULT_CLIENT_LIMITS } from '../site/client-limits.js';
import { BodyPace } from './body-pace.js';
import type { ListeningHttp } from './http-listener.js';
import { MemoryFileService } from './memory-file-service.js';
import { listen } from './native-http/server.js';
import { signed } from './s3/test-requests.js';
import { TestSites } from './s3/test-sites.js';

interface Body {
  complete: boolean;
  readableFlowing: boolean | null;
  readableLength: number;
  socket: { bytesRead: number; destroyed: boolean };
}

describe('of bodies that are on their way', () => {
  let pace: BodyPace;
  afterEach(() => pace.close());

  function answerTo(body: Body): ServerResponse {
    const req = body as IncomingMessage & Body;
    return Object.assign(new EventEmitter() as ServerResponse, { req });
  }

  function begin(): { body: Body; response: ServerResponse; slow: ServerResponse[] } {
    const slow: ServerResponse[] = [];
    // 100 bytes in each window.
    const limits = { bodyBytesPerSecond: 10, bodyWindowMs: 10_000 };
    pace = new BodyPace(limits, (response) => void slow.push(response));
    const socket = { bytesRead: 0, destroyed: false };
    const body = { complete: false, readableFlowing: true, readableLength: 0, socket };
    const response = answerTo(body);
    pace.watch(response, 0);
    return { body, response, slow };
  }

  it('tells the one that brings too little over a whole window, once', () => {
    const { body, response, slow } = begin();
    body.socket.bytesRead = 100;
    pace.look(10_000);
    expect(slow).toEqual([]);
    body.socket.bytesRead = 199;
    pace.look(19_999);
    expect(slow).toEqual([]);
    pace.look(20_000);
    pace.look(30_000);
    expect([slow, pace.watched]).toEqual([[response], 0]);
  });

  it('lets a client be that waits for the site', () => {
    const { body, response, slow } = begin();
    body.readableFlowing = null;
    pace.look(10_000);
    body.readableFlowing = false;
    body.readableLength = 1;
    pace.look(20_000);
    body.readableLength = 0;
    pace.look(29_999);
    expect(slow).toEqual([]);
    pace.look(30_000);
    expect(slow).toEqual([response]);
  });

  it('forgets those that are whole, broken off or answered', () => {
    const { body, response, slow } = begin();
    body.complete = true;
    pace.look(10_000);
    expect([slow, pace.watched]).toEqual([[], 0]);
    body.complete = false;
    body.socket.destroyed = true;
    pace.watch(response, 0);
    pace.look(10_000);
    expect([slow, pace.watched]).toEqual([[], 0]);
    pace.watch(response, 0);
    expect(pace.watched).toBe(1);
    response.emit('close');
    expect(pace.watched).toBe(0);
  });
});

/** Sends a head and then nothing of the body but a byte; resolves with all that comes. */
function sendSlowly(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}\r\n\r\n1`));
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

const PACE = { ...DEFAULT_CLIENT_LIMITS, bodyBytesPerSecond: 1_000_000, bodyWindowMs: 200 };

describe('a body that comes a byte at a time', () => {
  let native: ListeningHttp | null = null;
  afterEach(() => native?.close(0));

  it.each([
    ['short', 'Content-Length: 100'],
    ['long', 'Content-Length: 10000000'],
    ['of no length', 'Transfer-Encoding: chunked'],
  ])('is given up over HTTP, with a word why: %s', async (_, length) => {
    const service = new MemoryFileService();
    await service.createBucket('docs');
    const address = { site: 'nyc', host: '127.0.0.1', port: 0 };
    native = await listen(service, { ...address, pace: PACE });
    const answer = await sendSlowly(
      native.port,
      `PUT /v1/files/docs/a HTTP/1.1\r\nHost: x\r\n${length}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('more slowly than');
    expect((await service.open('docs/a')).ok).toBe(false);
  });
});

it('is given up over S3', async () => {
  const sites = await TestSites.start({ pace: PACE });
  const made = await sites.cluster.at('nyc').createBucket('docs');
  expect(made.outcome).toBe('committed');
  const asked = { method: 'PUT', path: '/docs/a', headers: { 'content-length': '100000' } };
  const { headers = {} } = signed(asked, await sites.key());
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = ['PUT /docs/a HTTP/1.1', ...lines].join('\r\n');
  const answer = await sendSlowly(sites.port('nyc'), head);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('<Code>RequestTimeout</Code>');
  await sites.stop();
});
