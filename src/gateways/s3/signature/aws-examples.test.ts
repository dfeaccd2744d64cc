import { describe, expect, it } from 'vitest';
import { Authenticator } from './authenticate.js';
import { chunkSignature, trailerSignature } from './chunk-signature.js';
import { sha256 } from './canonical-request.js';

/*
 * The worked examples of the S3 API reference: "Signature Calculations for the Authorization
 * Header" (single chunk, multiple chunks, trailing headers) and "Using Query Parameters".
 */

const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const NOW = Date.parse('2013-05-24T00:00:00Z');
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const authenticator = new Authenticator(async (id) => (id === ACCESS_KEY ? SECRET : null));

interface Example {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery?: string;
  readonly headers: Record<string, string>;
  readonly signature: string;
}

async function authenticate({ method, rawPath, rawQuery = '', headers, signature }: Example) {
  const all: Record<string, string> = {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-date': '20130524T000000Z',
    ...headers,
  };
  const signedHeaders = Object.keys(all).sort().join(';');
  all['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/20130524/us-east-1/s3/aws4_request,` +
    `SignedHeaders=${signedHeaders},Signature=${signature}`;
  return authenticator.authenticate({ method, rawPath, rawQuery, headers: all }, NOW);
}

const SINGLE: readonly (Example & { readonly name: string })[] = [
  {
    name: 'GET Object',
    method: 'GET',
    rawPath: '/test.txt',
    headers: { range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY },
    signature: 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  },
  {
    name: 'PUT Object',
    method: 'PUT',
    rawPath: '/test$file.text',
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    },
    signature: '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  },
  {
    name: 'GET Bucket Lifecycle',
    method: 'GET',
    rawPath: '/',
    rawQuery: 'lifecycle',
    headers: { 'x-amz-content-sha256': EMPTY },
    signature: 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  },
  {
    name: 'List Objects',
    method: 'GET',
    rawPath: '/',
    rawQuery: 'prefix=J&max-keys=2',
    headers: { 'x-amz-content-sha256': EMPTY },
    signature: '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  },
];

describe('the examples of the S3 API reference', () => {
  it.each(SINGLE)('accepts $name', async (example) => {
    const sha256Header = example.headers['x-amz-content-sha256'];
    expect(await authenticate(example)).toEqual({
      ok: true,
      accessKeyId: ACCESS_KEY,
      payload: { kind: 'sha256', sha256: sha256Header },
    });
  });

  it.each(SINGLE)('refuses $name with another method, path, query or header', async (example) => {
    const { headers, rawQuery = '' } = example;
    const others: Example[] = [
      { ...example, method: 'DELETE' },
      { ...example, rawPath: `${example.rawPath}x` },
      { ...example, rawQuery: `${rawQuery}&x` },
      { ...example, headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    ];
    for (const other of others) {
      expect(await authenticate(other)).toMatchObject({ code: 'SignatureDoesNotMatch' });
    }
  });

  it('accepts the presigned URL, until its day is over', async () => {
    const request = {
      method: 'GET',
      rawPath: '/test.txt',
      rawQuery:
        'X-Amz-Algorithm=AWS4-HMAC-SHA256' +
        `&X-Amz-Credential=${ACCESS_KEY}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request` +
        '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
        '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
      headers: { host: 'examplebucket.s3.amazonaws.com' },
    };
    const accepted = { ok: true, accessKeyId: ACCESS_KEY, payload: { kind: 'unsigned' } };
    expect(await authenticator.authenticate(request, NOW)).toEqual(accepted);
    expect(await authenticator.authenticate(request, NOW + 86_399_999)).toEqual(accepted);
    expect(await authenticator.authenticate(request, NOW + 86_400_000)).toMatchObject({
      code: 'AccessDenied',
      message: 'Request has expired',
    });
  });

  const chunked = {
    method: 'PUT',
    rawPath: '/examplebucket/chunkObject.txt',
    headers: {
      host: 's3.amazonaws.com',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': '66560',
    },
  };

  it('accepts the chunked upload, and signs its chunks the same', async () => {
    const read = await authenticate({
      ...chunked,
      headers: {
        ...chunked.headers,
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'content-length': '66824',
      },
      signature: '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
    });
    if (!read.ok || read.payload.kind !== 'chunked') throw new Error(JSON.stringify(read));
    const signing = read.payload.signing!;
    expect(read.payload.trailer).toBe(false);
    const first = chunkSignature(signing, signing.seedSignature, sha256('a'.repeat(65536)));
    const second = chunkSignature(signing, first, sha256('a'.repeat(1024)));
    const last = chunkSignature(signing, second, EMPTY);
    expect([first, second, last]).toEqual([
      'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
      '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
      'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
    ]);
  });

  it('accepts the chunked upload with a trailer, and signs that the same', async () => {
    const read = await authenticate({
      ...chunked,
      headers: {
        ...chunked.headers,
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
        'x-amz-trailer': 'x-amz-checksum-crc32c',
      },
      signature: '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
    });
    if (!read.ok || read.payload.kind !== 'chunked') throw new Error(JSON.stringify(read));
    const signing = read.payload.signing!;
    expect(read.payload.trailer).toBe(true);
    const first = chunkSignature(signing, signing.seedSignature, sha256('a'.repeat(65536)));
    const second = chunkSignature(signing, first, sha256('a'.repeat(1024)));
    const last = chunkSignature(signing, second, EMPTY);
    const trailers = trailerSignature(signing, last, sha256('x-amz-checksum-crc32c:sOO8/Q==\n'));
    expect([first, second, last, trailers]).toEqual([
      'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
      '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
      '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
      'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435',
    ]);
  });
});
