import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asked, signed } from './test-requests.js';
import { TestSites } from './test-sites.js';

/*
 * Bytes that are no request, and requests with bytes changed, left out or put in: each connection
 * ends, with an error that S3 has or without a word, and no answer is a fault of the server's.
 */

const SEED = 20_261_122;
const PATIENCE_MS = 20;
/** For requests that lack nothing: they are answered, and then the connection ends. */
const WHOLE_PATIENCE_MS = 30_000;
const ANSWER_LIMIT_BYTES = 64 * 1024;
/** What a client without an end sends, and what may be under way before it is cut off. */
const ENDLESS_BYTES = 256 * 1024 * 1024;
const TAKEN_LIMIT_BYTES = 32 * 1024 * 1024;
const CHUNKED = 'HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n';
const CHUNK = `10000\r\n${'<a>'.repeat(21_845)}x\r\n`;

let sites: TestSites;
let key: Awaited<ReturnType<TestSites['key']>>;

beforeAll(async () => {
  sites = await TestSites.start();
  key = await sites.key();
  await sites.cluster.at('nyc').createBucket('docs');
});

afterAll(() => sites.stop());

/**
 * Sends bytes and resolves with what came back once the connection has ended. A request that lacks
 * something gets no answer yet; the client then says that there is no more.
 */
function exchanged(bytes: Uint8Array, patienceMs = PATIENCE_MS): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(sites.port('nyc'), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (piece) => pieces.push(piece));
    socket.setTimeout(patienceMs, () => socket.end());
    // A connection that is cut is an answer, too; it closes after this.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(Buffer.concat(pieces).toString('latin1')));
  });
}

/** How much of what has no end is sent, repeating a piece, until the connection ends. */
function takenBytes(begin: string, piece: string): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0;
    const more = (): void => {
      while (!socket.destroyed && sent < ENDLESS_BYTES) {
        sent += piece.length;
        if (!socket.write(piece)) return void socket.once('drain', more);
      }
      socket.destroy();
    };
    const socket = connect(sites.port('nyc'), '127.0.0.1', () => {
      socket.write(begin);
      more();
    });
    socket.resume();
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(sent));
  });
}

async function expectHarmless(bytes: Uint8Array, patienceMs?: number): Promise<string> {
  const answer = await exchanged(bytes, patienceMs);
  expect(sites.mistakes).toEqual([]);
  expect(answer.length).toBeLessThan(ANSWER_LIMIT_BYTES);
  if (answer === '') return '';
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  expect(status).toBeGreaterThanOrEqual(100);
  expect(status).not.toBe(500);
  return answer;
}

const FORM =
  '--y\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n' +
  '--y\r\nContent-Disposition: form-data; name="file"\r\n\r\nhello\r\n--y--\r\n';
const TRAILED = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
const DELETE: Asked = {
  method: 'POST',
  path: '/docs',
  query: 'delete=',
  body: '<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>',
};
const requests: readonly Asked[] = [
  { method: 'GET', path: '/docs', query: 'list-type=2&prefix=a%2F&max-keys=3' },
  { method: 'GET', path: '/docs/a', headers: { range: 'bytes=0-3', 'if-match': '"a"' } },
  { method: 'PUT', path: '/docs/a', headers: { 'x-amz-meta-a': 'b' }, body: 'hello' },
  {
    method: 'PUT',
    path: '/docs/b',
    headers: {
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
    body: TRAILED,
  },
  DELETE,
  {
    method: 'PUT',
    path: '/docs',
    query: 'cors=',
    body: '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>',
  },
  {
    method: 'POST',
    path: '/docs',
    headers: { 'content-type': 'multipart/form-data; boundary=y' },
    body: FORM,
  },
];

/** The head and the body of a request, apart, so that the body can change and its length with it. */
function written(asked: Asked, body: Uint8Array): { head: Buffer; body: Buffer } {
  const { method, path, query = '', headers = {} } = asked;
  const sent = {
    host: 'x',
    connection: 'close',
    ...headers,
    'content-length': String(body.length),
  };
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
  const target = query === '' ? path : `${path}?${query}`;
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return { head: Buffer.from(head, 'latin1'), body: Buffer.from(body) };
}

interface Change {
  readonly at: number;
  readonly take: number;
  readonly put: Uint8Array;
}

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  take: fc.nat({ max: 12 }),
  put: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .constantFrom(
        '\r\n',
        '\r\n\r\n',
        '%',
        '?',
        '&',
        '=',
        ' ',
        '\0',
        '\u00ff',
        '-1',
        '9'.repeat(30),
      )
      .map((text) => new Uint8Array(Buffer.from(text, 'latin1'))),
  ),
});

function changed(bytes: Buffer, { at, take, put }: Change): Buffer {
  const from = Math.floor(at * bytes.length);
  return Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(from + take)]);
}

const anyRequest = fc.constantFrom(...requests);
const changes = fc.array(change, { minLength: 1, maxLength: 5 });
const bodyOf = ({ body = '' }: Asked): Buffer => Buffer.from(body, 'latin1');

describe('any bytes', () => {
  it('that are no request end the connection and harm nothing', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 2000 });
    await fc.assert(
      fc.asyncProperty(bytes, async (one) => void (await expectHarmless(one))),
      { numRuns: 200, seed: SEED },
    );
  });

  it('that were a request end the connection and harm nothing', async () => {
    const property = fc.asyncProperty(anyRequest, changes, async (asked, all) => {
      const { head, body } = written(signed(asked, key), bodyOf(asked));
      await expectHarmless(all.reduce(changed, Buffer.concat([head, body])));
    });
    await fc.assert(property, { numRuns: 600, seed: SEED });
  });

  it('in the body of a rightly signed request are refused, or taken as content', async () => {
    let taken = 0;
    const property = fc.asyncProperty(anyRequest, changes, async (asked, all) => {
      const { head, body } = written(signed(asked, key), all.reduce(changed, bodyOf(asked)));
      const answer = await expectHarmless(Buffer.concat([head, body]), WHOLE_PATIENCE_MS);
      if (answer.startsWith('HTTP/1.1 2')) taken += 1;
      expect(answer).toMatch(/^HTTP\/1\.1 (2|4)\d\d /);
      expect(answer).not.toContain('<Code>SignatureDoesNotMatch</Code>');
    });
    await fc.assert(property, { numRuns: 500, seed: SEED });
    expect(taken).toBeGreaterThan(100);
  });

  it.each([
    ['a method', ''],
    ['a path', 'GET /'],
    ['a header', 'GET / HTTP/1.1\r\nX: '],
    ['headers', 'GET / HTTP/1.1\r\n', 'X: y\r\n'.repeat(10_000)],
    ['the body of somebody unknown', `PUT /docs/a ${CHUNKED}\r\n`, CHUNK],
    ['the document of somebody unknown', `POST /docs?delete ${CHUNKED}\r\n`, CHUNK],
  ])('are not taken for ever when %s has no end', async (_, begin, piece = 'a'.repeat(65_536)) => {
    expect(await takenBytes(begin, piece)).toBeLessThan(TAKEN_LIMIT_BYTES);
    expect(sites.mistakes).toEqual([]);
  });

  it('are not taken for ever when a rightly signed document has no end', async () => {
    const { head } = written(signed(DELETE, key), Buffer.alloc(0));
    const begin = head
      .toString('latin1')
      .replace(/content-length: 0/, 'transfer-encoding: chunked');
    expect(await takenBytes(begin, CHUNK)).toBeLessThan(TAKEN_LIMIT_BYTES);
    expect(sites.mistakes).toEqual([]);
  });

  it('leave the server as it was', async () => {
    const plain = 'GET /docs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    expect(await exchanged(Buffer.from(plain), WHOLE_PATIENCE_MS)).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*<Code>AccessDenied<\/Code>/,
    );
  });
});
