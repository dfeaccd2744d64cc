import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentDigests } from '../../../site/content-digests.js';
import type { PayloadRule } from '../signature/payload-rule.js';
import type { AnnouncedDigests } from './announced-digests.js';
import {
  compareDigests,
  readAnnouncedDigests,
  storedContentEncoding,
} from './announced-digests.js';
import type { CrcName } from './crc-combination.js';
import { combineCrcs } from './crc-combination.js';
import type { DigestName } from './digests.js';
import { digestFromBase64, digestToBase64 } from './digests.js';
import { multipartChecksum, multipartEtag, readChecksumType } from './multipart-digests.js';

const hello = Buffer.from('hello');

function digestsOf(bytes: Uint8Array, names: readonly DigestName[]) {
  const digests = new ContentDigests(names);
  digests.update(bytes);
  return digests.results();
}

const unsigned: PayloadRule = { kind: 'unsigned' };
const trailing: PayloadRule = { kind: 'chunked', signing: null, trailer: true };

function announced(
  headers: Record<string, string>,
  payload: PayloadRule = unsigned,
): AnnouncedDigests {
  const read = readAnnouncedDigests(headers, payload);
  if (!read.ok) throw new Error(read.message);
  return read;
}

const codeOf = (headers: Record<string, string>, payload: PayloadRule = unsigned) => {
  const read = readAnnouncedDigests(headers, payload);
  return read.ok ? 'ok' : read.code;
};

const MD5 = 'XUFAKrxLKna5cZ2REBfFkg==';
const CRC32 = 'NhCmhg==';

describe('announced digests', () => {
  it('are none, or those of the headers', () => {
    expect(announced({})).toEqual({
      ok: true,
      wanted: [],
      contentMd5: null,
      payloadSha256: null,
      checksum: null,
    });
    const sha256 = createHash('sha256').update(hello).digest('hex');
    const headers = {
      'content-md5': MD5,
      'x-amz-checksum-crc32': CRC32,
      'x-amz-sdk-checksum-algorithm': 'crc32',
    };
    const read = announced(headers, { kind: 'sha256', sha256 });
    expect(read.wanted).toEqual(['md5', 'sha256', 'crc32']);
    expect(compareDigests(read, digestsOf(hello, read.wanted))).toBe(null);
    const others: [string, string, string][] = [
      ['content-md5', '1B2M2Y8AsgTpgAmY7PhCfg==', 'BadDigest'],
      ['x-amz-checksum-crc32', 'AAAAAA==', 'BadDigest'],
    ];
    for (const [name, value, code] of others) {
      const other = announced({ ...headers, [name]: value }, { kind: 'sha256', sha256 });
      expect(compareDigests(other, digestsOf(hello, other.wanted))?.code).toBe(code);
    }
    const other = announced(headers, { kind: 'sha256', sha256: '00'.repeat(32) });
    expect(compareDigests(other, digestsOf(hello, other.wanted))?.code).toBe(
      'XAmzContentSHA256Mismatch',
    );
  });

  it('may come in a trailer', () => {
    const headers = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
    const read = announced(headers, trailing);
    expect(read.checksum).toEqual({ name: 'crc32', hex: null });
    const actual = digestsOf(hello, read.wanted);
    const judge = (value: string) =>
      compareDigests(read, actual, new Map([['x-amz-checksum-crc32', value]]))?.code;
    expect(judge(CRC32)).toBe(undefined);
    expect(judge('AAAAAA==')).toBe('BadDigest');
    expect(judge('AAAA')).toBe('InvalidRequest');
    expect(compareDigests(read, actual)?.code).toBe('InvalidRequest');
  });

  it('are never judged right when they were not computed', () => {
    const read = announced({ 'content-md5': MD5, 'x-amz-checksum-crc32': CRC32 });
    expect(compareDigests(read, {})?.code).toBe('BadDigest');
    expect(compareDigests(read, digestsOf(hello, ['md5']))?.code).toBe('BadDigest');
  });

  it('are refused when they are none, or too many, or not what is said of them', () => {
    expect(codeOf({ 'content-md5': 'abc' })).toBe('InvalidDigest');
    expect(codeOf({ 'x-amz-checksum-crc32': MD5 })).toBe('InvalidRequest');
    expect(codeOf({ 'x-amz-checksum-crc32': CRC32, 'x-amz-checksum-crc32c': CRC32 })).toBe(
      'InvalidRequest',
    );
    const trailer = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
    expect(codeOf({ ...trailer, 'x-amz-checksum-crc32c': CRC32 }, trailing)).toBe('InvalidRequest');
    expect(codeOf(trailer)).toBe('InvalidRequest');
    expect(codeOf({ 'x-amz-sdk-checksum-algorithm': 'CRC32' })).toBe('InvalidRequest');
    expect(codeOf({ 'x-amz-sdk-checksum-algorithm': 'MD4' })).toBe('InvalidRequest');
    expect(
      codeOf({ 'x-amz-checksum-crc32': CRC32, 'x-amz-sdk-checksum-algorithm': 'CRC32C' }),
    ).toBe('InvalidRequest');
    expect(codeOf({ ...trailer, 'x-amz-sdk-checksum-algorithm': 'CRC32' }, trailing)).toBe('ok');
    expect(codeOf({ 'x-amz-checksum-mode': 'ENABLED', 'x-amz-checksum-type': 'COMPOSITE' })).toBe(
      'ok',
    );
  });

  it('are not those of an object that the body only speaks of', () => {
    const headers = {
      'content-md5': MD5,
      'x-amz-checksum-crc32': `${CRC32}-3`,
      'x-amz-sdk-checksum-algorithm': 'CRC32',
    };
    expect(readAnnouncedDigests(headers, unsigned, 'object')).toMatchObject({
      wanted: ['md5'],
      checksum: null,
    });
  });

  it('are refused with chunks that nobody would take out', () => {
    for (const codings of ['aws-chunked', 'gzip, AWS-chunked', 'aws-chunked,gzip']) {
      expect(codeOf({ 'content-encoding': codings })).toBe('InvalidRequest');
      expect(codeOf({ 'content-encoding': codings }, trailing)).toBe('ok');
    }
    expect(codeOf({ 'content-encoding': 'x-aws-chunked' })).toBe('ok');
  });

  it('are base64 of their length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const hex = Buffer.from(bytes).toString('hex');
        expect(digestFromBase64('sha1', digestToBase64(hex))).toBe(hex);
        expect(digestFromBase64('sha256', digestToBase64(hex))).toBe(null);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        const hex = digestFromBase64('crc32', text);
        expect(hex === null || /^[0-9a-f]{8}$/.test(hex)).toBe(true);
      }),
    );
  });
});

describe('Content-Encoding', () => {
  it('is kept without the coding of the transfer', () => {
    expect(storedContentEncoding(undefined)).toBe(undefined);
    expect(storedContentEncoding('aws-chunked')).toBe(undefined);
    expect(storedContentEncoding('gzip, aws-chunked')).toBe('gzip');
    expect(storedContentEncoding('aws-chunked,gzip, br')).toBe('gzip,br');
    expect(storedContentEncoding('gzip')).toBe('gzip');
  });
});

describe('objects made of parts', () => {
  const names: readonly CrcName[] = ['crc32', 'crc32c', 'crc64nvme'];

  it.each(names)('have the %s of their whole, from those of their parts', (name) => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 8 }),
        (parts) => {
          const crcs = parts.map((part) => ({
            hex: digestsOf(part, [name])[name]!,
            sizeBytes: part.byteLength,
          }));
          expect(combineCrcs(name, crcs)).toBe(digestsOf(Buffer.concat(parts), [name])[name]);
        },
      ),
    );
  });

  it('have an ETag and a checksum of those of their parts', () => {
    const md5s = [digestsOf(hello, ['md5']).md5!, digestsOf(Buffer.from('world'), ['md5']).md5!];
    const joined = Buffer.from(md5s.join(''), 'hex');
    expect(multipartEtag(md5s)).toBe(`${createHash('md5').update(joined).digest('hex')}-2`);
    const sha256 = digestsOf(hello, ['sha256']).sha256!;
    const part = { hex: sha256, sizeBytes: 5 };
    const twice = createHash('sha256').update(Buffer.from(sha256 + sha256, 'hex'));
    expect(multipartChecksum('sha256', 'COMPOSITE', [part, part])).toBe(
      `${twice.digest('base64')}-2`,
    );
    const crc = { hex: digestsOf(hello, ['crc32']).crc32!, sizeBytes: 5 };
    expect(multipartChecksum('crc32', 'FULL_OBJECT', [crc])).toBe(CRC32);
  });

  it('have a type of checksum that goes with its algorithm', () => {
    const typeOf = (...given: Parameters<typeof readChecksumType>) => {
      const read = readChecksumType(...given);
      return read.ok ? read.type : read.code;
    };
    expect(typeOf('crc64nvme', undefined)).toBe('FULL_OBJECT');
    expect(typeOf('crc32', undefined)).toBe('COMPOSITE');
    expect(typeOf('crc32', 'FULL_OBJECT')).toBe('FULL_OBJECT');
    expect(typeOf('sha1', 'FULL_OBJECT')).toBe('InvalidRequest');
    expect(typeOf('crc64nvme', 'COMPOSITE')).toBe('InvalidRequest');
    expect(typeOf('crc32', 'full')).toBe('InvalidRequest');
  });
});
