import { describe, expect, it } from 'vitest';
import { BUCKET_TAG_LIMIT, OBJECT_TAG_LIMIT } from '../tags.js';
import { readCompleteMultipartUpload } from './complete-multipart-upload.js';
import { readCorsConfiguration, writeCorsConfiguration } from './cors-configuration.js';
import { readCreateBucketConfiguration } from './create-bucket-configuration.js';
import { readDeleteObjects } from './delete-objects.js';
import { readTagging, writeTagging } from './tagging.js';
import { readVersioningConfiguration } from './versioning-configuration.js';

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

function code(answer: { ok: true } | { ok: false; code: string }): string {
  return answer.ok ? 'ok' : answer.code;
}

describe('CompleteMultipartUpload', () => {
  const read = (parts: string) =>
    readCompleteMultipartUpload(
      Buffer.from(`<CompleteMultipartUpload ${XMLNS}>${parts}</CompleteMultipartUpload>`),
    );
  const part = (number: string, more = '') =>
    `<Part><PartNumber>${number}</PartNumber><ETag>"e${number}"</ETag>${more}</Part>`;

  it('reads parts with and without quotes and checksums', () => {
    const bare =
      '<Part><ChecksumCRC32>DUoRhQ==</ChecksumCRC32><ETag>e9</ETag><PartNumber>9</PartNumber></Part>';
    expect(read(part('2') + bare)).toEqual({
      ok: true,
      parts: [
        { partNumber: 2, etag: 'e2', checksums: {} },
        { partNumber: 9, etag: 'e9', checksums: { crc32: '0d4a1185' } },
      ],
    });
  });

  it('tells apart wrong order, malformed documents and digests that are none', () => {
    expect(code(read(part('2') + part('1')))).toBe('InvalidPartOrder');
    expect(code(read(part('2') + part('2')))).toBe('InvalidPartOrder');
    expect(code(read(''))).toBe('MalformedXML');
    expect(code(read(part('0')))).toBe('MalformedXML');
    expect(code(read(part('10001')))).toBe('MalformedXML');
    expect(code(read(part('1', '<Size>1</Size>')))).toBe('MalformedXML');
    expect(code(read('<Part><PartNumber>1</PartNumber></Part>'))).toBe('MalformedXML');
    expect(code(read(part('1', '<ChecksumSHA1>DUoRhQ==</ChecksumSHA1>')))).toBe('InvalidDigest');
  });

  it('reads as many parts as there may be', () => {
    const numbers = Array.from({ length: 10_000 }, (_, at) => String(at + 1));
    const answer = read(numbers.map((number) => part(number)).join(''));
    expect(answer.ok && answer.parts.length).toBe(10_000);
  });
});

describe('Delete', () => {
  const read = (inner: string) => readDeleteObjects(Buffer.from(`<Delete>${inner}</Delete>`));

  it('reads keys to the letter, versions and entity tags', () => {
    const objects =
      '<Object><Key> a&amp;b </Key></Object>' +
      '<Object><Key>c</Key><VersionId>null</VersionId><ETag>"e"</ETag></Object>';
    expect(read(`${objects}<Quiet>true</Quiet>`)).toEqual({
      ok: true,
      quiet: true,
      objects: [{ key: ' a&b ' }, { key: 'c', versionId: 'null', etag: 'e' }],
    });
  });

  it('refuses what it cannot do', () => {
    const object = '<Object><Key>a</Key></Object>';
    expect(code(read(''))).toBe('MalformedXML');
    expect(code(read('<Object><Key></Key></Object>'))).toBe('MalformedXML');
    expect(code(read(`<Quiet>perhaps</Quiet>${object}`))).toBe('MalformedXML');
    expect(code(read(object.repeat(1001)))).toBe('MalformedXML');
    expect(code(read(object.repeat(1000)))).toBe('ok');
    expect(code(read('<Object><Key>a</Key><Size>1</Size></Object>'))).toBe('NotImplemented');
  });
});

describe('Tagging', () => {
  const document = (tags: readonly (readonly [string, string])[]) =>
    Buffer.from(writeTagging(tags.map(([key, value]) => ({ key, value }))));
  const read = (...tags: (readonly [string, string])[]) =>
    readTagging(document(tags), OBJECT_TAG_LIMIT);

  it('reads what it writes', () => {
    expect(read(['a b', 'é+-=._:/@'], ['c', ''])).toEqual({
      ok: true,
      tags: [
        { key: 'a b', value: 'é+-=._:/@' },
        { key: 'c', value: '' },
      ],
    });
    expect(read()).toEqual({ ok: true, tags: [] });
  });

  it('keeps the limits of S3', () => {
    const many = Array.from({ length: 11 }, (_, at) => [`k${at}`, ''] as const);
    expect(code(read(...many))).toBe('BadRequest');
    expect(code(readTagging(document(many), BUCKET_TAG_LIMIT))).toBe('ok');
    expect(code(read(['a', ''], ['a', '']))).toBe('InvalidTag');
    expect(code(read(['', '']))).toBe('InvalidTag');
    expect(code(read(['aws:a', '']))).toBe('InvalidTag');
    expect(code(read(['a?', '']))).toBe('InvalidTag');
    expect(code(read(['a'.repeat(128), 'b'.repeat(256)]))).toBe('ok');
    expect(code(read(['a'.repeat(129), '']))).toBe('InvalidTag');
    expect(code(read(['a', 'b'.repeat(257)]))).toBe('InvalidTag');
  });
});

describe('VersioningConfiguration', () => {
  const read = (inner: string) =>
    readVersioningConfiguration(
      Buffer.from(`<VersioningConfiguration ${XMLNS}>${inner}</VersioningConfiguration>`),
    );

  it('knows enabled and suspended, and refuses MFA delete', () => {
    expect(read('<Status>Enabled</Status>')).toEqual({ ok: true, status: 'Enabled' });
    expect(read('<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>')).toEqual({
      ok: true,
      status: 'Suspended',
    });
    expect(code(read('<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>'))).toBe(
      'NotImplemented',
    );
    expect(code(read(''))).toBe('IllegalVersioningConfigurationException');
    expect(code(read('<Status>enabled</Status>'))).toBe('MalformedXML');
  });
});

describe('CreateBucketConfiguration', () => {
  const read = (text: string) => readCreateBucketConfiguration(Buffer.from(text));

  it('reads a location, none, and no document', () => {
    const root = 'CreateBucketConfiguration';
    const constraint = '<LocationConstraint>lon</LocationConstraint>';
    expect(read('')).toEqual({ ok: true, locationConstraint: '' });
    expect(read(`<${root}/>`)).toEqual({ ok: true, locationConstraint: '' });
    expect(read(`<${root}>${constraint}</${root}>`)).toEqual({
      ok: true,
      locationConstraint: 'lon',
    });
    expect(code(read(`<${root}><Bucket><Type>Directory</Type></Bucket></${root}>`))).toBe(
      'NotImplemented',
    );
    expect(code(read('<Delete/>'))).toBe('MalformedXML');
    expect(code(read(`<${root}>lon</${root}>`))).toBe('MalformedXML');
  });
});

describe('CORSConfiguration', () => {
  const read = (inner: string) =>
    readCorsConfiguration(Buffer.from(`<CORSConfiguration>${inner}</CORSConfiguration>`));
  const rule = (inner: string) =>
    `<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin>${inner}</CORSRule>`;

  it('reads what it writes', () => {
    const rules = [
      {
        id: 'one',
        allowedMethods: ['GET', 'PUT'],
        allowedOrigins: ['http://*.example.com', '*'],
        allowedHeaders: ['x-amz-*'],
        exposeHeaders: ['ETag'],
        maxAgeSeconds: 3000,
      },
      { allowedMethods: ['HEAD'], allowedOrigins: ['*'], allowedHeaders: [], exposeHeaders: [] },
    ];
    const written = Buffer.from(writeCorsConfiguration(rules));
    expect(readCorsConfiguration(written)).toEqual({ ok: true, rules });
  });

  it('refuses what S3 refuses', () => {
    expect(code(read(''))).toBe('MalformedXML');
    expect(code(read('<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>'))).toBe(
      'MalformedXML',
    );
    expect(code(read(rule('<AllowedMethod>PATCH</AllowedMethod>')))).toBe('InvalidRequest');
    expect(code(read(rule('<AllowedOrigin>http://*.*</AllowedOrigin>')))).toBe('InvalidRequest');
    expect(code(read(rule('<AllowedHeader>a b</AllowedHeader>')))).toBe('MalformedXML');
    expect(code(read(rule('<ExposeHeader>*</ExposeHeader>')))).toBe('InvalidRequest');
    expect(code(read(rule('<MaxAgeSeconds>-1</MaxAgeSeconds>')))).toBe('MalformedXML');
    expect(code(read(rule('').repeat(101)))).toBe('MalformedXML');
  });
});
