import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { S3ErrorCode } from '../s3-error.js';
import { S3_ERRORS, s3Failure } from '../s3-error.js';
import { Authenticator } from './authenticate.js';
import type { SignedRequest } from './canonical-request.js';
import { formatAmzDate } from './credential.js';
import { canonicalQuery, uriEncode } from './uri-encoding.js';

const ACCESS_KEY = 'QUEXAMPLE';
const SECRET = 'a secret/with+signs';
const NOW = Date.parse('2026-11-22T12:00:00Z');
const SCOPE = '20261122/lon/s3/aws4_request';

/** The hash that the signer of the AWS SDK wants, by Node. */
class Sha256 {
  readonly #hash;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      key === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof key === 'string' ? key : Buffer.from(key as Uint8Array));
  }

  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('not needed');
  }
}

const signer = new SignatureV4({
  service: 's3',
  region: 'lon',
  uriEscapePath: false,
  applyChecksum: true,
  sha256: Sha256,
  credentials: { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET },
});

interface Made {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
}

function smithyRequest({ method, path, query, headers }: Made) {
  return {
    method,
    protocol: 'https:',
    hostname: 'files.example',
    path,
    query,
    headers: { host: 'files.example', ...headers },
  };
}

function sent(signed: Awaited<ReturnType<typeof signer.sign>>): SignedRequest {
  const query = Object.entries(signed.query ?? {}) as [string, string][];
  const headers = Object.entries(signed.headers).map(([name, value]) => [
    name.toLowerCase(),
    Buffer.from(value).toString('latin1'),
  ]);
  return {
    method: signed.method,
    rawPath: signed.path,
    rawQuery: query.map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`).join('&'),
    headers: Object.fromEntries(headers) as Record<string, string>,
  };
}

async function signed(
  made: Partial<Made> = {},
  atMs = NOW,
): Promise<SignedRequest & { headers: Record<string, string> }> {
  const whole = { method: 'GET', path: '/b/k', query: {}, headers: {}, ...made };
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...whole.headers };
  const request = await signer.sign(smithyRequest({ ...whole, headers }), {
    signingDate: new Date(atMs),
  });
  return sent(request) as SignedRequest & { headers: Record<string, string> };
}

/** As the S3 presigner of the SDK does it: what is in `x-amz-` headers moves to the query. */
async function presigned(expiresIn = 3600, made: Partial<Made> = {}): Promise<SignedRequest> {
  const whole = { method: 'GET', path: '/b/k', query: {}, headers: {}, ...made };
  const headers = { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD', ...whole.headers };
  const request = await signer.presign(smithyRequest({ ...whole, headers }), {
    signingDate: new Date(NOW),
    expiresIn,
  });
  return sent(request);
}

const authenticator = new Authenticator(async (id) => (id === ACCESS_KEY ? SECRET : null));
const authenticate = (request: SignedRequest, nowMs = NOW) =>
  authenticator.authenticate(request, nowMs);

async function expectCode(request: SignedRequest, code: S3ErrorCode, nowMs = NOW): Promise<void> {
  const answer = await authenticate(request, nowMs);
  expect(answer.ok ? 'accepted' : answer.code, JSON.stringify(answer)).toBe(code);
}

describe('requests signed by the AWS SDK', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 });
  const headerText = fc.string({ maxLength: 20 });

  it('accepts any key, query and metadata, in headers and presigned', async () => {
    const made = fc.record({
      method: fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD', 'POST'),
      path: text.map((key) => `/b/${key.split('/').map(uriEncode).join('/')}`),
      query: fc.dictionary(
        // The signer keeps queries in plain objects.
        text.filter((name) => !/^(?:|__proto__|x-amz-.*)$/i.test(name)),
        text,
        { maxKeys: 4, noNullPrototype: true },
      ),
      headers: fc
        .tuple(headerText, fc.constantFrom('é', 'à b', ' a  b ', 'x'))
        .map(([a, b]) => ({ 'x-amz-meta-a': a, 'x-amz-meta-b': b })),
    });
    await fc.assert(
      fc.asyncProperty(made, async (request) => {
        expect(await authenticate(await signed(request))).toMatchObject({ ok: true });
        expect(await authenticate(await presigned(60, request))).toMatchObject({
          ok: true,
          accessKeyId: ACCESS_KEY,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('does not care which characters of a path are escaped', async () => {
    const request = await signed({ path: '/b/a%21%28%29/../%2B%C3%A9' });
    for (const rawPath of ['/b/a!()/../+%c3%a9', '/b/%61%21()%2F../%2B\xc3\xa9']) {
      expect(await authenticate({ ...request, rawPath })).toMatchObject({ ok: true });
    }
    await expectCode({ ...request, rawPath: '/b/+%c3%a9' }, 'SignatureDoesNotMatch');
    await expectCode({ ...request, rawPath: '/b/a%2' }, 'InvalidURI');
    await expectCode({ ...request, rawPath: '/b/%ff' }, 'InvalidURI');
    await expectCode({ ...request, rawQuery: 'a=%ff' }, 'InvalidURI');
  });

  it('refuses whatever was changed on the way', async () => {
    const request = await signed({ query: { prefix: 'a' }, headers: { 'x-amz-meta-a': 'b' } });
    const { headers } = request;
    await expectCode({ ...request, method: 'PUT' }, 'SignatureDoesNotMatch');
    await expectCode({ ...request, rawQuery: 'prefix=b' }, 'SignatureDoesNotMatch');
    await expectCode(
      { ...request, headers: { ...headers, 'x-amz-meta-a': 'c' } },
      'SignatureDoesNotMatch',
    );
    await expectCode({ ...request, headers: { ...headers, host: 'x' } }, 'SignatureDoesNotMatch');
    await expectCode({ ...request, headers: { ...headers, 'x-amz-acl': 'x' } }, 'AccessDenied');
    const authorization = headers['authorization']!.replace(/.$/, (digit) =>
      digit === '0' ? '1' : '0',
    );
    await expectCode(
      { ...request, headers: { ...headers, authorization } },
      'SignatureDoesNotMatch',
    );
    const smuggled = headers['authorization']!.replace(';x-amz-meta-a', '');
    await expectCode(
      { ...request, headers: { ...headers, authorization: smuggled } },
      'AccessDenied',
    );
  });

  it('wants the host signed, whether there is one or not', async () => {
    const { headers, ...request } = await signed();
    const authorization = headers['authorization']!.replace('host;', '');
    await expectCode({ ...request, headers: { ...headers, authorization } }, 'AccessDenied');
    const hostless: Record<string, string> = { ...headers, authorization };
    delete hostless['host'];
    await expectCode({ ...request, headers: hostless }, 'AccessDenied');
  });

  it('sorts parameters that were sent twice by their values', () => {
    const parameters = ['b', 'a', 'ä'].map((value) => ({ name: 'x', value }));
    expect(canonicalQuery([...parameters, { name: 'X', value: '' }])).toBe('X=&x=%C3%A4&x=a&x=b');
  });

  it('takes headers that were sent twice one after the other', async () => {
    const request = await signed({ headers: { 'x-amz-meta-a': 'b,c' } });
    const headers = { ...request.headers, 'x-amz-meta-a': [' b', 'c '] };
    expect(await authenticate({ ...request, headers })).toMatchObject({ ok: true });
  });
});

describe('clocks', () => {
  it('allows 15 minutes either way, and not a millisecond more', async () => {
    const limit = 15 * 60 * 1000;
    const request = await signed();
    for (const nowMs of [NOW - limit, NOW + limit]) {
      expect(await authenticate(request, nowMs)).toMatchObject({ ok: true });
    }
    await expectCode(request, 'RequestTimeTooSkewed', NOW - limit - 1);
    await expectCode(request, 'RequestTimeTooSkewed', NOW + limit + 1);
  });

  it('lets presigned URLs be used from 15 minutes before until they expire', async () => {
    const request = await presigned(604_800);
    expect(await authenticate(request, NOW - 15 * 60 * 1000)).toMatchObject({ ok: true });
    expect(await authenticate(request, NOW + 604_799_999)).toMatchObject({ ok: true });
    await expectCode(request, 'AccessDenied', NOW - 15 * 60 * 1000 - 1);
    await expectCode(request, 'AccessDenied', NOW + 604_800_000);
  });

  it('refuses dates that are none', async () => {
    const { headers, ...request } = await signed();
    for (const date of ['', 'yesterday', '20261322T120000Z', '20261122T126000Z']) {
      await expectCode({ ...request, headers: { ...headers, 'x-amz-date': date } }, 'AccessDenied');
    }
    const nextDay = { ...headers, 'x-amz-date': formatAmzDate(NOW + 86_400_000) };
    await expectCode(
      { ...request, headers: nextDay },
      'AuthorizationHeaderMalformed',
      NOW + 86_400_000,
    );
  });
});

describe('presigned URLs that say something wrong', () => {
  it.each([
    ['X-Amz-Expires=3600', 'X-Amz-Expires=604801'],
    ['X-Amz-Expires=3600', 'X-Amz-Expires=0'],
    ['X-Amz-Expires=3600', 'X-Amz-Expires=-1'],
    ['X-Amz-Expires=3600', 'X-Amz-Expires=1e3'],
    ['X-Amz-Expires=3600', 'X-Amz-Expires=3600&X-Amz-Expires=60'],
    ['X-Amz-Expires=3600', 'x=1'],
    ['HMAC-SHA256', 'HMAC-MD5'],
    ['aws4_request', 'aws4'],
    ['%2Fs3%2F', '%2Fec2%2F'],
    ['20261122T', '20261121T'],
  ])('refuses %s turned into %s', async (from, to) => {
    const request = await presigned();
    expect(request.rawQuery).toContain(from);
    const rawQuery = request.rawQuery.replace(from, to);
    await expectCode({ ...request, rawQuery }, 'AuthorizationQueryParametersError');
  });

  it('refuses parameters and headers that were added', async () => {
    const request = await presigned();
    await expectCode(
      { ...request, rawQuery: `${request.rawQuery}&versionId=1` },
      'SignatureDoesNotMatch',
    );
    const headers = { ...request.headers, 'x-amz-acl': 'private' };
    await expectCode({ ...request, headers }, 'AccessDenied');
  });
});

describe('other ways to sign', () => {
  const headers = (authorization: string) => ({
    method: 'GET',
    rawPath: '/',
    rawQuery: '',
    headers: { host: 'x', authorization },
  });

  it('refuses them in words that clients understand', async () => {
    await expectCode(headers('AWS AKIA:c2lnbmF0dXJl'), 'InvalidRequest');
    await expectCode(headers('AWS4-ECDSA-P256-SHA256 Credential=a'), 'InvalidRequest');
    await expectCode(headers('Basic YTpi'), 'InvalidArgument');
    await expectCode(headers(''), 'InvalidArgument');
    await expectCode(headers('AWS4-HMAC-SHA256'), 'AuthorizationHeaderMalformed');
    await expectCode(headers('AWS4-HMAC-SHA256 Credential=a/b'), 'AuthorizationHeaderMalformed');
    const rawQuery = 'AWSAccessKeyId=a&Expires=1&Signature=b';
    await expectCode({ method: 'GET', rawPath: '/', rawQuery, headers: {} }, 'InvalidRequest');
  });

  it('refuses temporary credentials, and two mechanisms at once', async () => {
    const request = await signed({ headers: { 'x-amz-security-token': 't' } });
    await expectCode(request, 'InvalidToken');
    await expectCode(
      await presigned(60, { query: { 'X-Amz-Security-Token': 't' } }),
      'InvalidToken',
    );
    const both = { ...(await presigned()), headers: (await signed()).headers };
    await expectCode(both, 'InvalidArgument');
  });

  it('passes on why a key cannot be looked up now', async () => {
    const failing = new Authenticator(async () => s3Failure('ServiceUnavailable'));
    expect(await failing.authenticate(await signed(), NOW)).toMatchObject({
      code: 'ServiceUnavailable',
    });
  });

  it('refuses unknown keys and keys of another secret', async () => {
    const request = await signed();
    const authorization = request.headers['authorization']!.replace(ACCESS_KEY, 'OTHER');
    await expectCode(
      { ...request, headers: { ...request.headers, authorization } },
      'InvalidAccessKeyId',
    );
    let secret: string | null = SECRET;
    const changing = new Authenticator(async () => secret);
    expect(await changing.authenticate(request, NOW)).toMatchObject({ ok: true });
    secret = 'another';
    expect(await changing.authenticate(request, NOW)).toMatchObject({
      code: 'SignatureDoesNotMatch',
    });
    secret = null;
    expect(await changing.authenticate(request, NOW)).toMatchObject({ code: 'InvalidAccessKeyId' });
  });
});

describe('what the body has to be', () => {
  const kindOf = async (sha256: string, anonymous = false) => {
    const request = anonymous
      ? {
          method: 'PUT',
          rawPath: '/b/k',
          rawQuery: '',
          headers: { 'x-amz-content-sha256': sha256 },
        }
      : await signed({ headers: { 'x-amz-content-sha256': sha256 } });
    const answer = await authenticate(request);
    return answer.ok ? answer.payload : answer.code;
  };

  it('is told by x-amz-content-sha256', async () => {
    expect(await kindOf('UNSIGNED-PAYLOAD')).toEqual({ kind: 'unsigned' });
    expect(await kindOf('AB'.repeat(32))).toEqual({ kind: 'sha256', sha256: 'ab'.repeat(32) });
    expect(await kindOf('STREAMING-UNSIGNED-PAYLOAD-TRAILER')).toEqual({
      kind: 'chunked',
      signing: null,
      trailer: true,
    });
    expect(await kindOf('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')).toMatchObject({
      kind: 'chunked',
      signing: { scope: SCOPE, amzDate: '20261122T120000Z' },
      trailer: false,
    });
    expect(await kindOf('STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD')).toBe('NotImplemented');
    expect(await kindOf('abc')).toBe('InvalidArgument');
  });

  it('has to be told in signed headers, and is free otherwise', async () => {
    const { headers, ...request } = await signed();
    const { 'x-amz-content-sha256': _, ...without } = headers;
    await expectCode({ ...request, headers: without }, 'InvalidRequest');
    const anonymous = { method: 'PUT', rawPath: '/b/k', rawQuery: '', headers: {} };
    expect(await authenticate(anonymous)).toEqual({
      ok: true,
      accessKeyId: null,
      payload: { kind: 'unsigned' },
    });
    expect(await kindOf('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', true)).toBe('InvalidRequest');
    expect(await kindOf('STREAMING-UNSIGNED-PAYLOAD-TRAILER', true)).toMatchObject({
      kind: 'chunked',
    });
  });
});

describe('any request', () => {
  it('is accepted or refused with an error of S3', async () => {
    const token = fc.constantFrom(
      ...['AWS4-HMAC-SHA256', ' ', 'Credential=', `${ACCESS_KEY}/${SCOPE}`, ',', 'SignedHeaders='],
      ...['host', ';', 'x-amz-date', 'Signature=', 'ab'.repeat(32), 'AWS ', '=', '&', '%', '%ff'],
      ...['X-Amz-Algorithm=AWS4-HMAC-SHA256', 'X-Amz-Credential=', 'X-Amz-Expires=9', '+'],
      ...['X-Amz-SignedHeaders=host', 'X-Amz-Date=20261122T120000Z', 'X-Amz-Signature=', '/', 'é'],
    );
    const latin = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    });
    const text = fc
      .array(fc.oneof({ weight: 5, arbitrary: token }, latin), { maxLength: 12 })
      .map((parts) => parts.join(''));
    const request = fc.record({
      method: fc.constantFrom('GET', 'PUT'),
      rawPath: text,
      rawQuery: text,
      headers: fc.record(
        {
          host: text,
          authorization: text,
          date: text,
          'x-amz-date': fc.oneof(fc.constant('20261122T120000Z'), text),
          'x-amz-content-sha256': fc.oneof(fc.constant('UNSIGNED-PAYLOAD'), text),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
    });
    await fc.assert(
      fc.asyncProperty(request, async (any) => {
        const answer = await authenticate(any);
        if (answer.ok) expect(answer.accessKeyId).toBe(null);
        else expect(S3_ERRORS[answer.code]).toBeDefined();
      }),
      { numRuns: 3000 },
    );
  });
});
