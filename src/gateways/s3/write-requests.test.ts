import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCopySource, readDirective } from './copy-source.js';
import { effectiveHeaders } from './hoisted-headers.js';
import { metadataHeaders, readObjectMetadata } from './object-metadata.js';
import { readTaggingHeader } from './tagging-header.js';
import { refuseUnsupportedHeaders, refuseUnsupportedParameters } from './unsupported-headers.js';

const word = (answer: { readonly ok: boolean; readonly code?: string }) =>
  answer.ok ? 'ok' : answer.code;

describe('x-amz-copy-source', () => {
  it('names a bucket, a key and perhaps a version', () => {
    expect(readCopySource('/b/a/b%20c+d%3F')).toEqual({ ok: true, bucket: 'b', key: 'a/b c+d?' });
    expect(readCopySource('b/k?versionId=null')).toEqual({
      ok: true,
      bucket: 'b',
      key: 'k',
      versionId: 'null',
    });
    expect(readCopySource('b%2Fa%2Fb')).toEqual({ ok: true, bucket: 'b', key: 'a/b' });
    expect(readCopySource('b/\xc3\xa9')).toEqual({ ok: true, bucket: 'b', key: 'é' });
  });

  it.each(['', '/', 'b', 'b/', '//k', 'b/%', 'b/%ff', 'b/k?x', 'b/k?versionId='])(
    'is refused when it is %j',
    (value) => {
      expect(word(readCopySource(value))).toBe('InvalidArgument');
    },
  );

  it('is read or refused, whatever it is', () => {
    const unit = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
    fc.assert(
      fc.property(fc.string({ unit }), (value) => {
        const read = readCopySource(value);
        if (read.ok) expect(read.bucket.length > 0 && read.key.length > 0).toBe(true);
      }),
    );
    expect(word(readCopySource('arn:aws:s3:x'))).toBe('NotImplemented');
  });

  it('comes with directives', () => {
    const read = (value?: string) => word(readDirective('x-amz-metadata-directive', value));
    expect([read(), read('COPY'), read('REPLACE'), read('copy')]).toEqual([
      'ok',
      'ok',
      'ok',
      'InvalidArgument',
    ]);
  });
});

describe('metadata', () => {
  const read = (headers: Record<string, string>) => readObjectMetadata(headers);

  it('is what describes the content, and the user’s own', () => {
    const headers = {
      'content-type': 'text/plain',
      'content-encoding': 'aws-chunked,gzip',
      'cache-control': 'no-cache',
      'content-length': '5',
      'x-amz-meta-a': '\xc3\xa9',
      'x-amz-meta-b': '\xe9',
      'x-amz-acl': 'private',
    };
    expect(read(headers)).toEqual({
      ok: true,
      metadata: {
        'content-type': 'text/plain',
        'content-encoding': 'gzip',
        'cache-control': 'no-cache',
        'meta:a': 'é',
        'meta:b': 'é',
      },
    });
    expect(read({})).toEqual({ ok: true, metadata: { 'content-type': 'binary/octet-stream' } });
  });

  it('has limits', () => {
    expect(word(read({ 'x-amz-meta-a': 'b'.repeat(2047) }))).toBe('ok');
    expect(word(read({ 'x-amz-meta-a': 'b'.repeat(2048) }))).toBe('MetadataTooLarge');
    expect(word(read({ 'x-amz-meta-a': '\xe9'.repeat(1024) }))).toBe('MetadataTooLarge');
    expect(word(read({ 'cache-control': 'b'.repeat(4097) }))).toBe('MetadataTooLarge');
    expect(word(read({ 'x-amz-meta-': 'b' }))).toBe('InvalidArgument');
  });

  it('is shown as S3 shows it', () => {
    expect(
      metadataHeaders({
        'content-type': 'text/plain',
        expires: 'never',
        'meta:a': 'b',
        'meta:c': 'é',
        'meta:no header': 'x',
        other: 'y',
      }),
    ).toEqual([
      ...['Content-Type', 'text/plain', 'Expires', 'never', 'x-amz-meta-a', 'b'],
      ...['x-amz-meta-c', '=?UTF-8?B?w6k=?=', 'x-amz-missing-meta', '1'],
    ]);
    expect(metadataHeaders({})).toEqual(['Content-Type', 'application/octet-stream']);
  });

  it('is shown in headers that can be sent, whatever it is', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, text, (name, value, type) => {
        const headers = metadataHeaders({ [`meta:${name}`]: value, 'content-type': type });
        expect(headers.length % 2).toBe(0);
        for (const part of headers) expect(part).toMatch(/^[\x20-\x7e\t]*$/);
        const words = headers[3]?.match(/=\?UTF-8\?B\?([^?]*)\?=/g);
        for (const each of words ?? []) expect(each.length).toBeLessThanOrEqual(75);
      }),
    );
  });

  it('comes back from encoded words as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const [, , , shown = ''] = metadataHeaders({ 'meta:a': `é${value}` });
        const decoded = shown
          .split(' ')
          .map((each) => Buffer.from(each.slice(10, -2), 'base64').toString());
        expect(decoded.join('')).toBe(`é${value}`);
      }),
    );
  });
});

describe('x-amz-tagging', () => {
  it('is a query of tags', () => {
    expect(readTaggingHeader(undefined)).toEqual({ ok: true, tags: [] });
    expect(readTaggingHeader('a=b%20c&d')).toEqual({
      ok: true,
      tags: [
        { key: 'a', value: 'b c' },
        { key: 'd', value: '' },
      ],
    });
    expect(word(readTaggingHeader('a=1&a=2'))).toBe('InvalidArgument');
    expect(word(readTaggingHeader('a=%ff'))).toBe('InvalidArgument');
    expect(word(readTaggingHeader('a=%00'))).toBe('InvalidTag');
    const many = Array.from({ length: 11 }, (_, at) => `k${at}=v`).join('&');
    expect(word(readTaggingHeader(many))).toBe('BadRequest');
  });
});

describe('headers of a presigned URL', () => {
  it('are those of its query too', () => {
    const headers = { host: 'x', 'x-amz-acl': 'private' };
    const parameters = [
      { name: 'X-Amz-Signature', value: 's' },
      { name: 'prefix', value: 'p' },
      { name: 'x-amz-meta-A', value: 'é' },
      { name: 'x-amz-acl', value: 'private' },
    ];
    expect(effectiveHeaders(headers, parameters)).toEqual({
      ok: true,
      headers: { ...headers, 'x-amz-meta-a': '\xc3\xa9' },
    });
    expect(word(effectiveHeaders(headers, [{ name: 'x-amz-acl', value: 'public-read' }]))).toBe(
      'InvalidArgument',
    );
  });
});

describe('what is not implemented', () => {
  const header = (name: string, value: string) =>
    refuseUnsupportedHeaders({ host: 'x', [name]: value }, 'owner')?.code ?? 'ok';

  it.each([
    ['x-amz-server-side-encryption', 'AES256'],
    ['x-amz-server-side-encryption-customer-algorithm', 'AES256'],
    ['x-amz-copy-source-server-side-encryption-customer-key', 'x'],
    ['x-amz-storage-class', 'GLACIER'],
    ['x-amz-acl', 'public-read'],
    ['x-amz-grant-read', 'uri=x'],
    ['x-amz-object-lock-mode', 'GOVERNANCE'],
    ['x-amz-bucket-object-lock-enabled', 'true'],
    ['x-amz-website-redirect-location', '/'],
    ['x-amz-mfa', '1'],
    ['x-amz-request-payer', 'requester'],
    ['x-amz-write-offset-bytes', '0'],
    ['x-amz-of-next-year', 'x'],
    ['content-range', 'bytes 0-1/2'],
  ])('refuses %s: %s', (name, value) => {
    expect(header(name, value)).toBe('NotImplemented');
  });

  it.each([
    ['x-amz-storage-class', 'STANDARD'],
    ['x-amz-acl', 'private'],
    ['x-amz-acl', 'bucket-owner-full-control'],
    ['x-amz-meta-anything', 'x'],
    ['x-amz-checksum-mode', 'ENABLED'],
    ['x-amz-expected-bucket-owner', 'owner'],
    ['x-amzn-trace-id', 'x'],
    ['user-agent', 'x'],
  ])('lets pass %s: %s', (name, value) => {
    expect(header(name, value)).toBe('ok');
  });

  it('keeps to what S3 says of owners and storage classes', () => {
    expect(header('x-amz-expected-bucket-owner', 'other')).toBe('AccessDenied');
    expect(header('x-amz-storage-class', 'ICE')).toBe('InvalidStorageClass');
  });

  it('refuses subresources, and on writes what nobody knows', () => {
    const query = (method: string, name: string) =>
      refuseUnsupportedParameters(method, [{ name, value: '' }])?.code ?? 'ok';
    for (const name of ['acl', 'policy', 'lifecycle', 'restore', 'retention', 'torrent']) {
      expect(query('GET', name)).toBe('NotImplemented');
      expect(query('PUT', name)).toBe('NotImplemented');
    }
    for (const name of ['versionId', 'list-type', 'x-id', 'X-Amz-Signature', 'uploads']) {
      expect(query('GET', name)).toBe('ok');
      expect(query('PUT', name)).toBe('ok');
    }
    expect(query('GET', 'cache-buster')).toBe('ok');
    expect(query('PUT', 'cache-buster')).toBe('InvalidArgument');
  });
});
