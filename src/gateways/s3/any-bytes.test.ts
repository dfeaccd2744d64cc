import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSites } from './test-sites.js';

/*
 * Bytes that are no request, and requests with bytes changed, left out or put in: each connection
 * ends, with an error that S3 has or without a word, and no answer is a fault of the server's.
 */

const SEED = 20_261_122;
const ANSWER_LIMIT_BYTES = 64 * 1024;
const GROWTH_LIMIT_BYTES = 64 * 1024 * 1024;

let sites: TestSites;

beforeAll(async () => {
  sites = await TestSites.start();
  await sites.cluster.at('nyc').createBucket('docs');
});

afterAll(() => sites.stop());

/** Sends bytes and the end of all bytes; resolves with what came back when nothing more can. */
function exchanged(bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    const socket = connect(sites.port('nyc'), '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (piece) => pieces.push(piece));
    // A connection that is cut is an answer, too; it closes after this.
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(Buffer.concat(pieces).toString('latin1')));
  });
}

async function expectHarmless(bytes: Uint8Array): Promise<void> {
  const answer = await exchanged(bytes);
  expect(sites.mistakes).toEqual([]);
  expect(answer.length).toBeLessThan(ANSWER_LIMIT_BYTES);
  if (answer === '') return;
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
  expect(status).toBeGreaterThanOrEqual(100);
  expect(status).not.toBe(500);
}

const CREDENTIAL = 'QKABCDEFGHIJKLMNOPQR/20261122/us-east-1/s3/aws4_request';
const AUTHORIZATION = `Authorization: AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=${'ab'.repeat(32)}`;
const requests = [
  'GET /docs?list-type=2&prefix=a%2F&max-keys=3 HTTP/1.1\r\nHost: x\r\n\r\n',
  `GET /docs/a?versionId=null HTTP/1.1\r\nHost: x\r\nRange: bytes=0-3\r\nX-Amz-Date: 20261122T180000Z\r\n${AUTHORIZATION}\r\n\r\n`,
  `PUT /docs/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Amz-Date: 20261122T180000Z\r\n${AUTHORIZATION}\r\n\r\nhello`,
  'PUT /docs/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  `PUT /docs/c HTTP/1.1\r\nHost: x\r\nContent-Encoding: aws-chunked\r\nX-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\nX-Amz-Decoded-Content-Length: 5\r\nX-Amz-Trailer: x-amz-checksum-crc32\r\nContent-Length: 46\r\n${AUTHORIZATION}\r\n\r\n5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n`,
  'POST /docs?delete HTTP/1.1\r\nHost: x\r\nContent-Length: 51\r\n\r\n<Delete><Object><Key>a</Key></Object></Delete>     ',
  'POST /docs HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=y\r\nContent-Length: 62\r\n\r\n--y\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--y--\r\n',
].map((text) => Buffer.from(text, 'latin1'));

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

const mutated = fc
  .tuple(fc.constantFrom(...requests), fc.array(change, { minLength: 1, maxLength: 5 }))
  .map(([request, changes]) => changes.reduce(changed, request));

describe('any bytes', () => {
  it('that are no request end the connection and harm nothing', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 2000 });
    await fc.assert(fc.asyncProperty(bytes, expectHarmless), { numRuns: 300, seed: SEED });
  });

  it('that were a request end the connection and harm nothing', async () => {
    await fc.assert(fc.asyncProperty(mutated, expectHarmless), { numRuns: 1500, seed: SEED });
  });

  it('without end are cut off before they fill the memory', async () => {
    const before = process.memoryUsage().rss;
    const endless = Buffer.alloc(2 * 1024 * 1024, 'a');
    for (const begin of ['', 'GET /', 'GET / HTTP/1.1\r\nX: ', 'POST /docs?delete HTTP/1.1\r\n']) {
      await expectHarmless(Buffer.concat([Buffer.from(begin), endless]));
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_LIMIT_BYTES);
  });

  it('leave the server as it was', async () => {
    expect(await exchanged(Buffer.from('GET /docs HTTP/1.1\r\nHost: x\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 403 [\s\S]*<Code>AccessDenied<\/Code>/,
    );
  });
});
