import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3_ERRORS } from './s3-error.js';
import { type Asked, signed } from './test-requests.js';
import { TestSites } from './test-sites.js';
import { readXml } from './xml/xml-reader.js';

/*
 * Requests put together at random, half of them rightly signed, sent byte for byte to a real server:
 * each gets an answer that S3 could give, and none shows a mistake of ours.
 */

let sites: TestSites;
let key: Awaited<ReturnType<TestSites['key']>>;

beforeAll(async () => {
  sites = await TestSites.start();
  key = await sites.key();
  expect((await send(signed({ method: 'PUT', path: '/docs' }, key))).status).toBe(200);
});

afterAll(() => sites.stop());

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

function send({ method, path, query = '', headers = {}, body = '' }: Asked): Promise<Answer> {
  const target = query === '' ? path : `${path}?${query}`;
  const sent = {
    host: 'x',
    connection: 'close',
    'content-length': String(body.length),
    ...headers,
  };
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect(sites.port('nyc'), '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.on('data', (piece) => pieces.push(piece));
    socket.once('error', reject);
    socket.once('close', () => {
      const all = Buffer.concat(pieces);
      const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
      const whole = all.toString('latin1').startsWith(interim) ? all.subarray(interim.length) : all;
      const head = whole.indexOf('\r\n\r\n');
      resolve({ status: Number(whole.subarray(9, 12)), body: whole.subarray(head + 4) });
    });
  });
}

async function expectAnswer(asked: Asked): Promise<void> {
  const { status, body } = await send(asked);
  expect(sites.mistakes).toEqual([]);
  expect(status, JSON.stringify(asked)).toBeGreaterThanOrEqual(200);
  if (status < 400 || asked.method === 'HEAD') return;
  const read = readXml(body);
  if (!read.ok) throw new Error(`${read.message}: ${body.toString()}`);
  const code = read.root.children.find(({ name }) => name === 'Code')?.text ?? '';
  expect(Object.keys(S3_ERRORS)).toContain(code);
  expect(S3_ERRORS[code as keyof typeof S3_ERRORS].status).toBe(status);
  expect(status).toBeLessThan(502);
}

const odd = fc.constantFrom(
  '',
  '0',
  '1',
  '-1',
  '99999999999999999999',
  '*',
  'a',
  '"a"',
  '%',
  ',;=',
  'null',
);
const headerValues: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'x-amz-content-sha256': fc.constantFrom(
    'UNSIGNED-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'ab'.repeat(32),
  ),
  'x-amz-copy-source': fc.constantFrom('docs/a', '/docs/a?versionId=null', 'docs', '%', 'none/a'),
  'content-type': fc.constantFrom('text/plain', 'multipart/form-data; boundary=x', ''),
  'content-encoding': fc.constantFrom('aws-chunked', 'gzip'),
  range: fc.constantFrom('bytes=0-0', 'bytes=-1', 'bytes=9-', 'bytes=0-1,2-3', 'x'),
  'x-amz-trailer': fc.constantFrom('x-amz-checksum-crc32', 'x', ''),
  'x-amz-tagging': fc.constantFrom('a=b', 'a=b&a=c', '%', '&&'),
  'x-amz-object-attributes': fc.constantFrom('ETag', 'ETag,ObjectParts,Checksum', 'x'),
  'x-amz-checksum-algorithm': fc.constantFrom('CRC32', 'crc64nvme', 'SHA512'),
  expect: fc.constant('100-continue'),
  'access-control-request-method': fc.constantFrom('GET', 'PATCH'),
};
const otherHeaders = [
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'],
  ...['x-amz-decoded-content-length', 'x-amz-metadata-directive', 'x-amz-copy-source-range'],
  ...['x-amz-copy-source-if-match', 'x-amz-meta-a', 'content-md5', 'x-amz-checksum-crc32'],
  ...['x-amz-mp-object-size', 'x-amz-max-parts', 'x-amz-part-number-marker', 'x-amz-acl', 'origin'],
  ...['x-amz-checksum-type', 'x-amz-checksum-mode', 'x-amz-sdk-checksum-algorithm'],
];
const anyHeaders = fc.record(
  {
    ...headerValues,
    ...Object.fromEntries(otherHeaders.map((name) => [name, odd])),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const fewHeaders = anyHeaders.chain((headers) =>
  fc
    .subarray(Object.entries(headers), { maxLength: 4 })
    .map((some) => Object.fromEntries(some) as Record<string, string>),
);
const parameter = fc
  .tuple(
    fc.constantFrom(
      ...['list-type', 'prefix', 'delimiter', 'marker', 'max-keys', 'encoding-type', 'start-after'],
      ...[
        'continuation-token',
        'key-marker',
        'version-id-marker',
        'versions',
        'uploads',
        'uploadId',
      ],
      ...['upload-id-marker', 'max-uploads', 'partNumber', 'part-number-marker', 'max-parts'],
      ...['versionId', 'versioning', 'location', 'cors', 'tagging', 'delete', 'attributes', 'acl'],
      ...[
        'policy',
        'lifecycle',
        'logging',
        'response-content-type',
        'x-amz-acl',
        'fetch-owner',
        '%',
      ],
    ),
    fc.oneof(odd, fc.constantFrom('2', 'url', '/', '%ff', 'a%00', '%C3%A9')),
  )
  .map(([name, value]) => `${name}=${value}`);
const body = fc.constantFrom(
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '5;chunk-signature=00\r\nhello\r\n',
  '<Delete><Object><Key>a</Key></Object><Object><Key>\u00e9</Key></Object></Delete>',
  '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
  '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
  '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
  '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>',
  '<CreateBucketConfiguration/>',
  '<!DOCTYPE a><a/>',
  '--x\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--x--',
);
const asked = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH'),
  path: fc.constantFrom(
    '/',
    '/docs',
    '/docs/',
    '/docs/a',
    '/docs/a%2Fb//..',
    '/docs/%00',
    '/none/a',
    '/NO',
  ),
  query: fc.array(parameter, { maxLength: 3 }).map((parts) => parts.join('&')),
  headers: fewHeaders,
  body,
});

describe('any request', () => {
  it('that is rightly signed is answered as S3 would', async () => {
    await fc.assert(
      fc.asyncProperty(asked, (request) => expectAnswer(signed(request, key))),
      { numRuns: 1000 },
    );
  });

  it('of somebody unknown is answered as S3 would', async () => {
    await fc.assert(
      fc.asyncProperty(asked, (request) => expectAnswer(request)),
      { numRuns: 300 },
    );
  });
});
