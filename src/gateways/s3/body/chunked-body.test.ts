import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { S3ErrorCode } from '../s3-error.js';
import { chunkSignature, trailerSignature } from '../signature/chunk-signature.js';
import type { ChunkSigning } from '../signature/payload-rule.js';
import type { ChunkedForm } from './aws-chunked-decoder.js';
import { BodyRefused, ChunkedBody, readChunkedForm } from './chunked-body.js';

const signing: ChunkSigning = {
  signingKey: Buffer.from('key'),
  seedSignature: '00'.repeat(32),
  amzDate: '20261122T120000Z',
  scope: '20261122/lon/s3/aws4_request',
};

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

interface Encoding {
  readonly chunks: readonly Uint8Array[];
  readonly signed?: boolean;
  /** Sent as trailers in this order; null: a body without trailers. */
  readonly trailers?: readonly (readonly [string, string])[] | null;
}

/** An aws-chunked body as a client makes it. */
function encode({ chunks, signed = true, trailers = null }: Encoding): Buffer {
  const parts: Uint8Array[] = [];
  let signature = signing.seedSignature;
  for (const chunk of [...chunks.filter(({ byteLength }) => byteLength > 0), Buffer.alloc(0)]) {
    signature = chunkSignature(signing, signature, sha256(chunk));
    const extension = signed ? `;chunk-signature=${signature}` : '';
    parts.push(Buffer.from(`${chunk.byteLength.toString(16)}${extension}\r\n`), chunk);
    if (chunk.byteLength > 0) parts.push(Buffer.from('\r\n'));
  }
  if (trailers) {
    for (const [name, value] of trailers) parts.push(Buffer.from(`${name}:${value}\r\n`));
    const text = trailers.map(([name, value]) => `${name}:${value}\n`).join('');
    const trailer = trailerSignature(signing, signature, sha256(text));
    if (signed) parts.push(Buffer.from(`x-amz-trailer-signature:${trailer}\r\n`));
  }
  parts.push(Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

function formOf({ chunks, signed = true, trailers = null }: Encoding): ChunkedForm {
  return {
    signing: signed ? signing : null,
    trailer: trailers !== null,
    trailerNames: trailers?.map(([name]) => name) ?? [],
    decodedLength: chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

async function* cut(bytes: Uint8Array, lengths: readonly number[]): AsyncIterable<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < bytes.byteLength; turn += 1) {
    const length = lengths.length === 0 ? bytes.byteLength : lengths[turn % lengths.length]!;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

interface Decoded {
  readonly payload: Buffer;
  readonly code: S3ErrorCode | null;
  readonly trailers: ReadonlyMap<string, string>;
}

async function decode(
  bytes: Uint8Array,
  form: ChunkedForm,
  lengths: readonly number[] = [],
): Promise<Decoded> {
  const body = new ChunkedBody(cut(bytes, lengths), form);
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of body) pieces.push(piece);
  } catch (error) {
    if (!(error instanceof BodyRefused)) throw error;
    expect(error.failure).toBe(body.failure);
  }
  const { failure, trailers } = body;
  return { payload: Buffer.concat(pieces), code: failure?.code ?? null, trailers };
}

const hello: Encoding = { chunks: [Buffer.from('hello '), Buffer.from('world')] };
const trailers = [['x-amz-checksum-crc32', 'DUoRhQ==']] as const;

const chunkList = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });
const anyEncoding = fc.record({
  chunks: chunkList,
  signed: fc.boolean(),
  trailers: fc.constantFrom(null, [], trailers),
});
const anyCuts = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 5 });

describe('aws-chunked bodies', () => {
  it('give back what was put in, however they are cut on the way', async () => {
    await fc.assert(
      fc.asyncProperty(anyEncoding, anyCuts, async (encoding, cuts) => {
        const decoded = await decode(encode(encoding), formOf(encoding), cuts);
        expect(decoded.code).toBe(null);
        expect(decoded.payload.equals(Buffer.concat(encoding.chunks))).toBe(true);
        expect([...decoded.trailers]).toEqual(encoding.trailers ?? []);
      }),
    );
  });

  it('hand payload on without copying it, before the chunk has ended', async () => {
    const bytes = encode(hello);
    const at = bytes.indexOf('hello ');
    const body = new ChunkedBody(cut(bytes, [at + 3]), formOf(hello));
    for await (const piece of body) {
      expect(piece.buffer).toBe(bytes.buffer);
      expect(Buffer.from(piece).toString()).toBe('hel');
      break;
    }
  });

  it('never pass for whole when a signed one was cut off or changed anywhere', async () => {
    const encoding = fc.record({ chunks: chunkList, trailers: fc.constantFrom(null, trailers) });
    await fc.assert(
      fc.asyncProperty(
        encoding,
        fc.nat(),
        fc.option(fc.integer({ min: 1, max: 255 })),
        async (made, place, flip) => {
          const bytes = encode(made);
          const at = place % bytes.byteLength;
          if (flip !== null) bytes[at]! ^= flip;
          const decoded = await decode(
            flip === null ? bytes.subarray(0, at) : bytes,
            formOf(made),
            [7],
          );
          if (decoded.code !== null) return;
          // What was touched can have been only how a number is written, or a line end.
          expect(decoded.payload.equals(Buffer.concat(made.chunks))).toBe(true);
          expect([...decoded.trailers]).toEqual(made.trailers ?? []);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('are refused with their reason, whatever bytes they are', async () => {
    const token = fc.constantFrom(
      ...['0', '5', 'fffffffffffff', '\r\n', '\n', ';chunk-signature=', 'ab'.repeat(32), 'hello'],
      ...['x-amz-checksum-crc32:', 'DUoRhQ==', 'x-amz-trailer-signature:', ' ', ':', '\0'],
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(token, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''))),
    );
    const form = fc.record({
      signing: fc.constantFrom(null, signing),
      trailer: fc.boolean(),
      trailerNames: fc.constantFrom([], ['x-amz-checksum-crc32']),
      decodedLength: fc.constantFrom(0, 5, 100),
    });
    const codes = ['MalformedTrailerError', 'IncompleteBody', 'SignatureDoesNotMatch'];
    await fc.assert(
      fc.asyncProperty(bytes, form, anyCuts, async (input, shape, cuts) => {
        const { code, payload } = await decode(input, shape, cuts);
        if (code === null) expect(payload.byteLength).toBe(shape.decodedLength);
        else expect(codes).toContain(code);
        expect(payload.byteLength).toBeLessThanOrEqual(shape.decodedLength);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, string, boolean, S3ErrorCode | null]>([
    ['a missing last line end', '5\r\nhello\r\n0\r\n', false, null],
    ['sizes in upper case with zeros', '0005\r\nhello\r\n0\r\n\r\n', false, null],
    ['no last chunk', '5\r\nhello\r\n', false, 'IncompleteBody'],
    ['too few bytes', '4\r\nhell\r\n0\r\n\r\n', false, 'IncompleteBody'],
    ['too many bytes', '6\r\nhello!\r\n0\r\n\r\n', false, 'IncompleteBody'],
    ['a chunk longer than it says', '5\r\nhello!\r\n0\r\n\r\n', false, 'MalformedTrailerError'],
    ['a size that is none', '-5\r\nhello\r\n0\r\n\r\n', false, 'MalformedTrailerError'],
    ['a line without end', `5${' '.repeat(300)}`, false, 'MalformedTrailerError'],
    ['an unknown extension', '5;a=b\r\nhello\r\n0\r\n\r\n', false, 'MalformedTrailerError'],
    ['bytes after the end', '5\r\nhello\r\n0\r\n\r\nGET', false, 'MalformedTrailerError'],
    [
      'lines after the end',
      `5\r\nhello\r\n0\r\n${'\r\n'.repeat(9)}`,
      false,
      'MalformedTrailerError',
    ],
    ['chunks without signature', '5\r\nhello\r\n0\r\n\r\n', true, 'MalformedTrailerError'],
  ])('judges %s', async (_, text, signed, code) => {
    const form = formOf({ chunks: [Buffer.from('hello')], signed });
    expect((await decode(Buffer.from(text), form)).code).toBe(code);
  });

  it('need signatures of their bytes that build on one another', async () => {
    const encoding = { chunks: [Buffer.from('hello'), Buffer.from('world')] };
    const text = encode(encoding).toString();
    const [first = '', hello, second = '', world, ...rest] = text.split('\r\n');
    const changed = [first, world, second, hello, ...rest];
    const swapped = [second, world, first, hello, ...rest];
    for (const lines of [changed, swapped]) {
      expect((await decode(Buffer.from(lines.join('\r\n')), formOf(encoding))).code).toBe(
        'SignatureDoesNotMatch',
      );
    }
  });
});

describe('trailers', () => {
  const body = (lines: string) => Buffer.from(`5\r\nhello\r\n0\r\n${lines}`);
  const form: ChunkedForm = {
    signing: null,
    trailer: true,
    trailerNames: ['x-amz-checksum-crc32'],
    decodedLength: 5,
  };

  it.each([
    ['as they should be', 'x-amz-checksum-crc32:DUoRhQ==\r\n\r\n'],
    ['with white space and capitals', 'X-Amz-Checksum-CRC32 : DUoRhQ== \r\n\r\n'],
    ['with bare line ends', 'x-amz-checksum-crc32:DUoRhQ==\n\r\n'],
    ['without the last line end', 'x-amz-checksum-crc32:DUoRhQ==\r\n'],
    ['without any line end', 'x-amz-checksum-crc32:DUoRhQ=='],
  ])('are read %s', async (_, lines) => {
    const decoded = await decode(body(lines), form, [1]);
    expect(decoded.code).toBe(null);
    expect([...decoded.trailers]).toEqual(trailers);
  });

  it.each([
    ['missing', '\r\n'],
    ['not announced', 'x-amz-checksum-crc32:DUoRhQ==\r\nx-amz-meta-a:b\r\n\r\n'],
    ['given twice', 'x-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:b\r\n\r\n'],
    ['not trailers', 'x-amz-checksum-crc32\r\n\r\n'],
    ['too long', `x-amz-checksum-crc32:${'a'.repeat(1100)}\r\n\r\n`],
    ['signed without need', 'x-amz-checksum-crc32:a\r\nx-amz-trailer-signature:b\r\n\r\n'],
  ])('are refused when %s', async (_, lines) => {
    expect((await decode(body(lines), form)).code).toBe('MalformedTrailerError');
  });

  it('are read as the MinIO client signs them', async () => {
    const encoding: Encoding = { chunks: [Buffer.from('hello')], trailers };
    const text = encode(encoding).toString().replace('DUoRhQ==\r\n', 'DUoRhQ==\n\r\n');
    expect(await decode(Buffer.from(text), formOf(encoding))).toMatchObject({ code: null });
  });

  it('are refused when they are not signed rightly', async () => {
    const encoding: Encoding = { chunks: [Buffer.from('hello')], trailers };
    const text = encode(encoding).toString();
    const changed = text.replace('DUoRhQ', 'AUoRhQ');
    const unsigned = text.slice(0, text.indexOf('x-amz-trailer-signature'));
    for (const wrong of [changed, `${unsigned}\r\n\r\n`, unsigned]) {
      expect((await decode(Buffer.from(wrong), formOf(encoding))).code).toBe(
        'SignatureDoesNotMatch',
      );
    }
  });
});

describe('what a request says of its chunks', () => {
  const payload = { kind: 'chunked', signing: null, trailer: true } as const;

  it('is its length and its trailers', () => {
    const headers = {
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'X-Amz-Checksum-CRC32',
    };
    expect(readChunkedForm(headers, payload)).toEqual({
      ok: true,
      form: {
        signing: null,
        trailer: true,
        trailerNames: ['x-amz-checksum-crc32'],
        decodedLength: 5,
      },
    });
    expect(readChunkedForm({}, payload)).toMatchObject({ code: 'MissingContentLength' });
    expect(readChunkedForm({ 'x-amz-decoded-content-length': '-1' }, payload)).toMatchObject({
      code: 'InvalidArgument',
    });
    expect(readChunkedForm({ ...headers, 'x-amz-trailer': 'x-amz-acl' }, payload)).toMatchObject({
      code: 'InvalidRequest',
    });
    expect(readChunkedForm(headers, { ...payload, trailer: false })).toMatchObject({
      code: 'InvalidRequest',
    });
  });
});
