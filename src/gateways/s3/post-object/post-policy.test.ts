import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S3_ERRORS } from '../s3-error.js';
import { readCredential } from '../signature/credential.js';
import { deriveSigningKey } from '../signature/signing-keys.js';
import { judgePostPolicy, readPostPolicy } from './post-policy.js';
import { PostAuthenticator } from './post-signature.js';

const NOW = Date.parse('2015-12-29T12:00:00Z');
const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const CREDENTIAL = `${ACCESS_KEY}/20151229/us-east-1/s3/aws4_request`;

const authenticator = new PostAuthenticator(async (id) => (id === ACCESS_KEY ? SECRET : null));

/** The example of the S3 API reference, "Browser-Based Upload using HTTP POST". */
const EXAMPLE_POLICY = Buffer.from(
  [
    '{ "expiration": "2015-12-30T12:00:00.000Z",',
    '  "conditions": [',
    '    {"bucket": "sigv4examplebucket"},',
    '    ["starts-with", "$key", "user/user1/"],',
    '    {"acl": "public-read"},',
    '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
    '    ["starts-with", "$Content-Type", "image/"],',
    '    {"x-amz-meta-uuid": "14365123651274"},',
    '    {"x-amz-server-side-encryption": "AES256"},',
    '    ["starts-with", "$x-amz-meta-tag", ""],',
    '',
    `    {"x-amz-credential": "${CREDENTIAL}"},`,
    '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
    '    {"x-amz-date": "20151229T000000Z" }',
    '  ]',
    '}',
  ].join('\r\n'),
).toString('base64');

const EXAMPLE = {
  bucket: 'sigv4examplebucket',
  key: 'user/user1/photo.jpg',
  acl: 'public-read',
  success_action_redirect: 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html',
  'content-type': 'image/jpeg',
  'x-amz-meta-uuid': '14365123651274',
  'x-amz-server-side-encryption': 'AES256',
  'x-amz-meta-tag': '',
  'x-amz-credential': CREDENTIAL,
  'x-amz-algorithm': 'AWS4-HMAC-SHA256',
  'x-amz-date': '20151229T000000Z',
  policy: EXAMPLE_POLICY,
  'x-amz-signature': '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e',
};

type Fields = Readonly<Record<string, string>>;
const authenticate = async (fields: Fields, nowMs = NOW) => {
  const answer = await authenticator.authenticate(new Map(Object.entries(fields)), nowMs);
  return answer.ok ? 'ok' : answer.code;
};

function without(fields: Fields, name: string): Fields {
  const { [name]: _, ...rest } = fields;
  return rest;
}

describe('the example of the S3 API reference', () => {
  it('is accepted until it expires', async () => {
    expect(await authenticator.authenticate(new Map(Object.entries(EXAMPLE)), NOW)).toEqual({
      ok: true,
      accessKeyId: ACCESS_KEY,
      sizeRange: null,
    });
    expect(await authenticate(EXAMPLE, Date.parse('2015-12-30T11:59:59.999Z'))).toBe('ok');
    expect(await authenticate(EXAMPLE, Date.parse('2015-12-30T12:00:00Z'))).toBe('AccessDenied');
  });

  it('is refused with anything about it changed', async () => {
    for (const name of ['bucket', 'key', 'acl', 'content-type', 'x-amz-meta-uuid']) {
      expect(await authenticate({ ...EXAMPLE, [name]: 'other' })).toBe('AccessDenied');
      expect(await authenticate(without(EXAMPLE, name))).toBe('AccessDenied');
    }
    expect(await authenticate({ ...EXAMPLE, submit: 'Upload' })).toBe('AccessDenied');
    expect(await authenticate({ ...EXAMPLE, 'x-ignore-submit': 'Upload' })).toBe('ok');
    expect(await authenticate({ ...EXAMPLE, policy: `${EXAMPLE_POLICY} ` })).toBe(
      'SignatureDoesNotMatch',
    );
    const signature = `0${EXAMPLE['x-amz-signature'].slice(1)}`;
    expect(await authenticate({ ...EXAMPLE, 'x-amz-signature': signature })).toBe(
      'SignatureDoesNotMatch',
    );
    const other = CREDENTIAL.replace(ACCESS_KEY, 'OTHER');
    expect(await authenticate({ ...EXAMPLE, 'x-amz-credential': other })).toBe(
      'InvalidAccessKeyId',
    );
  });
});

describe('the signature of a form', () => {
  it('needs all its fields, or none', async () => {
    for (const name of ['policy', 'x-amz-signature', 'x-amz-date', 'x-amz-credential']) {
      expect(await authenticate(without(EXAMPLE, name))).toBe('InvalidArgument');
    }
    expect(await authenticate({ key: 'a', bucket: 'b' })).toBe('ok');
    const anonymous = await authenticator.authenticate(new Map([['key', 'a']]), NOW);
    expect(anonymous).toEqual({ ok: true, accessKeyId: null, sizeRange: null });
  });

  it('is of no other kind', async () => {
    expect(await authenticate({ ...EXAMPLE, awsaccesskeyid: 'A', signature: 'x' })).toBe(
      'InvalidRequest',
    );
    expect(await authenticate({ ...EXAMPLE, 'x-amz-security-token': 't' })).toBe('InvalidToken');
    expect(await authenticate({ ...EXAMPLE, 'x-amz-algorithm': 'MD5' })).toBe('InvalidArgument');
    expect(await authenticate({ ...EXAMPLE, 'x-amz-date': 'now' })).toBe('InvalidArgument');
  });

  it('is good for a week', async () => {
    expect(await authenticate(EXAMPLE, Date.parse('2015-12-28T23:44:00Z'))).toBe(
      'RequestTimeTooSkewed',
    );
    const policy = Buffer.from(
      JSON.stringify({
        expiration: '2099-01-01T00:00:00Z',
        conditions: Object.keys(EXAMPLE).map((name) => ['starts-with', `$${name}`, '']),
      }),
    ).toString('base64');
    const key = deriveSigningKey(SECRET, readCredential(CREDENTIAL)!);
    const signature = createHmac('sha256', key).update(policy).digest('hex');
    const fields = { ...EXAMPLE, policy, 'x-amz-signature': signature };
    expect(await authenticate(fields, Date.parse('2016-01-05T00:00:00Z'))).toBe('ok');
    expect(await authenticate(fields, Date.parse('2016-01-05T00:00:01Z'))).toBe('AccessDenied');
  });
});

describe('policies', () => {
  const policyOf = (conditions: unknown, expiration: unknown = '2016-01-01T00:00:00Z') =>
    readPostPolicy(Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64'));
  const judge = (conditions: unknown, fields: Fields) => {
    const read = policyOf(conditions);
    if (!read.ok) return read.code;
    return judgePostPolicy(read.policy, new Map(Object.entries(fields)), NOW)?.code ?? 'ok';
  };

  it('hold for equal and for beginning values, whatever the case of names', () => {
    expect(judge([{ KEY: 'a' }], { key: 'a' })).toBe('ok');
    expect(judge([['eq', '$Key', 'a']], { key: 'a' })).toBe('ok');
    expect(judge([['eq', '$key', 'a']], { key: 'A' })).toBe('AccessDenied');
    expect(judge([['starts-with', '$key', 'a/']], { key: 'a/b' })).toBe('ok');
    expect(judge([['starts-with', '$key', 'a/']], { key: 'b/a/' })).toBe('AccessDenied');
    expect(judge([['starts-with', '$key', '']], { key: 'b' })).toBe('ok');
    expect(judge([{ key: 'a' }, ['starts-with', '$key', 'b']], { key: 'a' })).toBe('AccessDenied');
  });

  it('want each of several types to fit', () => {
    const images = [['starts-with', '$Content-Type', 'image/']];
    expect(judge(images, { 'content-type': 'image/png, image/jpeg' })).toBe('ok');
    expect(judge(images, { 'content-type': 'image/png,text/html' })).toBe('AccessDenied');
  });

  it('bound the size of the file, by the tightest range', () => {
    const read = policyOf([
      ['content-length-range', 1, '100'],
      ['content-length-range', 10, 200],
    ]);
    expect(read.ok && read.policy.sizeRange).toEqual({ leastBytes: 10, mostBytes: 100 });
  });

  it.each([
    [[['content-length-range', 5, 1]]],
    [[['content-length-range', -1, 1]]],
    [[['content-length-range', 1]]],
    [[['content-length-range', 1e20, 1e21]]],
    [[['ends-with', '$key', 'a']]],
    [[['eq', 'key', 'a']]],
    [[['eq', '$key']]],
    [[['eq', '$key', 1]]],
    [[{ key: 1 }]],
    [[{}]],
    [['key']],
    [[null]],
    ['key'],
    [null],
    [Array.from({ length: 201 }, () => ({ key: 'a' }))],
  ])('with conditions %j are none', (conditions) => {
    expect(policyOf(conditions)).toMatchObject({ code: 'InvalidPolicyDocument' });
  });

  it.each([undefined, 1, 'tomorrow', '2016-01-01', '2016-13-01T00:00:00Z'])(
    'that expire at %j are none',
    (expiration) => {
      expect(policyOf([], expiration)).toMatchObject(
        expiration === undefined ? { ok: true } : { code: 'InvalidPolicyDocument' },
      );
    },
  );

  it('are read or refused, whatever they are', () => {
    const conditions = fc.array(
      fc.oneof(
        fc.jsonValue(),
        fc.array(fc.oneof(fc.constantFrom('eq', 'content-length-range', '$key'), fc.jsonValue())),
        fc.dictionary(fc.string(), fc.string()),
      ),
    );
    const document = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ expiration: fc.constantFrom('2016-01-01T00:00:00Z', '', 1), conditions })
        .map((value) => JSON.stringify(value)),
    );
    const fields = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(document, fields, (text, given) => {
        const read = readPostPolicy(Buffer.from(text).toString('base64'));
        if (!read.ok) {
          expect(read.code).toBe('InvalidPolicyDocument');
          return;
        }
        const judged = judgePostPolicy(read.policy, new Map(Object.entries(given)), NOW);
        expect(judged === null || S3_ERRORS[judged.code].status === 403).toBe(true);
      }),
      { numRuns: 1000 },
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readPostPolicy(text);
        expect(read.ok || read.code === 'InvalidPolicyDocument').toBe(true);
      }),
    );
  });
});
