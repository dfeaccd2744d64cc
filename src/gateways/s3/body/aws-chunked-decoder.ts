import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import { chunkSignature, trailerSignature } from '../signature/chunk-signature.js';
import type { ChunkSigning } from '../signature/payload-rule.js';
import { isSameSecret } from '../../../site/access/secret-comparison.js';

/*
 * An aws-chunked body is a row of
 *
 *   size in hexadecimal [;chunk-signature=64 hexadecimal digits] CRLF, so many bytes, CRLF
 *
 * of which the last has size 0 and no bytes. Trailers may follow it, `name:value` CRLF each, the
 * last of which is `x-amz-trailer-signature` where chunks are signed; then an empty line.
 */

export interface ChunkedForm {
  /** null: chunks are not signed. */
  readonly signing: ChunkSigning | null;
  /** Whether there are trailers (or may be, when none is announced). */
  readonly trailer: boolean;
  /** The trailers that have to come, lower case. */
  readonly trailerNames: readonly string[];
  /** The announced length of what the chunks hold. */
  readonly decodedLength: number;
}

const CHUNK_HEADER_LIMIT_BYTES = 128;
const TRAILER_LIMIT_BYTES = 1024;
/** Empty lines after the end. Some senders count their line ends wrong. */
const PADDING_LIMIT_BYTES = 8;
const CHUNK_HEADER = /^([0-9a-fA-F]{1,13})(?:;chunk-signature=([0-9a-f]{64}))?\r$/;
const TRAILER = /^([!-9;-~]{1,128})[ \t]*:[ \t]*([\x20-\x7e]*?)[ \t]*$/;
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';
const LINE_FEED = 0x0a;

type State = 'header' | 'payload' | 'payload-end' | 'trailers' | 'ended';

/** Takes an aws-chunked body apart as it comes, and judges its signatures. Copies no payload. */
export class AwsChunkedDecoder {
  /** Those that came, without the signature. */
  readonly trailers = new Map<string, string>();
  readonly #form: ChunkedForm;
  #state: State = 'header';
  /** What has come of a line. */
  #line = '';
  /** Bytes yet to come of this chunk. */
  #left = 0;
  #decoded = 0;
  #hash: Hash | null = null;
  #chunkSignature = '';
  #previousSignature: string;
  #trailerText = '';
  #trailerBytes = 0;
  #trailerSignature: string | null = null;

  constructor(form: ChunkedForm) {
    this.#form = form;
    this.#previousSignature = form.signing?.seedSignature ?? '';
  }

  /** Takes the next bytes and hands over what they hold. After a failure, call no more. */
  take(bytes: Uint8Array, give: (payload: Uint8Array) => void): S3Failure | null {
    let at = 0;
    while (at < bytes.byteLength) {
      if (this.#state === 'payload') {
        const piece = bytes.subarray(at, at + this.#left);
        at += piece.byteLength;
        this.#left -= piece.byteLength;
        this.#hash?.update(piece);
        if (this.#left === 0) this.#state = 'payload-end';
        give(piece);
        continue;
      }
      const end = bytes.indexOf(LINE_FEED, at);
      const stop = end < 0 ? bytes.byteLength : end;
      const limit = this.#state === 'trailers' ? TRAILER_LIMIT_BYTES : CHUNK_HEADER_LIMIT_BYTES;
      if (this.#line.length + stop - at > limit) return malformed('a line is too long');
      for (; at < stop; at += 1) this.#line += String.fromCharCode(bytes[at]!);
      if (end < 0) return null;
      at += 1;
      const line = this.#line;
      this.#line = '';
      const failure = this.#takeLine(line);
      if (failure) return failure;
    }
    return null;
  }

  /** The body has ended. Null: it was whole, and everything that is signed was signed rightly. */
  finish(): S3Failure | null {
    // The last line ends carry nothing; some senders save them.
    if (this.#state === 'trailers' && this.#line !== '') {
      const failure = this.#takeLine(this.#line);
      if (failure) return failure;
      this.#line = '';
    }
    if (this.#state === 'trailers') {
      const failure = this.#endTrailers();
      if (failure) return failure;
    }
    if (this.#state !== 'ended') return incomplete('The body ended before its last chunk.');
    return /^\r?$/.test(this.#line) ? null : malformed('there is something after the last chunk');
  }

  #takeLine(line: string): S3Failure | null {
    switch (this.#state) {
      case 'header':
        return this.#beginChunk(line);
      case 'payload-end':
        this.#state = 'header';
        return line === '\r' ? this.#endChunk() : malformed('a chunk is longer than it says');
      case 'trailers':
        return this.#takeTrailer(line.endsWith('\r') ? line.slice(0, -1) : line);
      case 'ended':
        this.#trailerBytes += line.length + 1;
        return line === '\r' && this.#trailerBytes <= PADDING_LIMIT_BYTES
          ? null
          : malformed('there is something after the last chunk');
      case 'payload':
        throw new Error('payload is not read by lines');
    }
  }

  #beginChunk(line: string): S3Failure | null {
    const [, digits, signature] = CHUNK_HEADER.exec(line) ?? [];
    if (digits === undefined) return malformed('a chunk does not begin with its size');
    const { signing, decodedLength, trailer } = this.#form;
    if ((signing === null) !== (signature === undefined)) {
      return malformed(signing ? 'a chunk is not signed' : 'a chunk is signed, unlike the request');
    }
    const size = Number.parseInt(digits, 16);
    if (this.#decoded + size > decodedLength) {
      return incomplete('The chunks hold more bytes than x-amz-decoded-content-length says.');
    }
    this.#left = size;
    this.#decoded += size;
    this.#chunkSignature = signature ?? '';
    this.#hash = signing ? createHash('sha256') : null;
    if (size > 0) {
      this.#state = 'payload';
      return null;
    }
    const failure = this.#endChunk();
    if (failure) return failure;
    if (this.#decoded < decodedLength) {
      return incomplete('The chunks hold fewer bytes than x-amz-decoded-content-length says.');
    }
    this.#state = trailer ? 'trailers' : 'ended';
    return null;
  }

  #endChunk(): S3Failure | null {
    const { signing } = this.#form;
    if (!signing || !this.#hash) return null;
    const expected = chunkSignature(signing, this.#previousSignature, this.#hash.digest('hex'));
    if (!isSameSecret(this.#chunkSignature, expected)) {
      return s3Failure('SignatureDoesNotMatch', 'The signature of a chunk is not the right one.');
    }
    this.#previousSignature = expected;
    return null;
  }

  #takeTrailer(line: string): S3Failure | null {
    this.#trailerBytes += line.length + 2;
    if (this.#trailerBytes > TRAILER_LIMIT_BYTES) return malformed('the trailers are too long');
    if (line === '') {
      // Before the signature, some senders leave a line empty.
      const signatureToCome = this.#form.signing !== null && this.#trailerSignature === null;
      if (signatureToCome && this.trailers.size > 0) return null;
      return this.#endTrailers();
    }
    const [, name = '', value = ''] = TRAILER.exec(line) ?? [];
    const lowerName = name.toLowerCase();
    if (lowerName === TRAILER_SIGNATURE && this.#form.signing) {
      this.#trailerSignature = value;
      return null;
    }
    if (!this.#form.trailerNames.includes(lowerName) || this.trailers.has(lowerName)) {
      return malformed('there is a trailer that x-amz-trailer does not announce');
    }
    this.trailers.set(lowerName, value);
    this.#trailerText += `${lowerName}:${value}\n`;
    return null;
  }

  #endTrailers(): S3Failure | null {
    this.#state = 'ended';
    this.#trailerBytes = 0;
    const { signing, trailerNames } = this.#form;
    if (this.trailers.size < trailerNames.length) return malformed('a trailer is missing');
    if (!signing || (trailerNames.length === 0 && this.#trailerSignature === null)) return null;
    const hash = createHash('sha256').update(this.#trailerText, 'latin1').digest('hex');
    const expected = trailerSignature(signing, this.#previousSignature, hash);
    return isSameSecret(this.#trailerSignature ?? '', expected)
      ? null
      : s3Failure('SignatureDoesNotMatch', 'The signature of the trailers is not the right one.');
  }
}

function malformed(why: string): S3Failure {
  const what = 'The aws-chunked body or its trailers are not well-formed';
  return s3Failure('MalformedTrailerError', `${what}: ${why}.`);
}

function incomplete(message: string): S3Failure {
  return s3Failure('IncompleteBody', message);
}
