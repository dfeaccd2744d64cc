import type { Readable } from 'node:stream';
import type { Busboy, FieldInfo, FileInfo } from 'busboy';
import busboy from 'busboy';
import { BodyRefused } from '../body/chunked-body.js';
import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';

/** All that comes before the file, as in S3. */
const FIELDS_LIMIT_BYTES = 20 * 1024;
const FIELD_LIMIT = 100;
/** How much is read at once while it is not known yet whether the file has begun. */
const STEP_BYTES = 1024;

export interface PostForm {
  readonly ok: true;
  /** By lower-case name; those that stand before the file. What follows it is passed over. */
  readonly fields: ReadonlyMap<string, string>;
  /** As the browser named the file, without folders; may be ''. */
  readonly filename: string;
  /**
   * The file's bytes, no faster than they are read; throws BodyRefused when the form ends before
   * the file does. To be read once; leaving it early lets go of the request.
   */
  readonly file: AsyncIterable<Uint8Array>;
  /** Lets go of the request when the file is not to be read at all. */
  discard(): void;
}

/** Reads a form of a POST upload up to the beginning of its file. */
export async function readPostForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
): Promise<PostForm | S3Failure> {
  let parser: Busboy;
  try {
    parser = busboy({
      headers: { 'content-type': contentType },
      defParamCharset: 'utf8',
      limits: { fields: FIELD_LIMIT, fieldSize: FIELDS_LIMIT_BYTES, fieldNameSize: 256 },
    });
  } catch {
    return s3Failure('MalformedPOSTRequest');
  }
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    parser.destroy();
    return s3Failure('MalformedPOSTRequest');
  }
  return new FormReader(parser, body).read();
}

type Beginning = PostForm | S3Failure;

/** Feeds the parser and waits for what it finds. Its events come while it is fed. */
class FormReader {
  readonly #parser: Busboy;
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #fields = new Map<string, string>();
  #beginning: Beginning | null = null;
  #tell: (beginning: Beginning) => void = () => {};
  #bytes = 0;

  constructor(parser: Busboy, body: AsyncIterable<Uint8Array>) {
    this.#parser = parser;
    this.#body = body;
  }

  read(): Promise<Beginning> {
    const parser = this.#parser;
    parser.on('field', (name, value, info) => this.#takeField(name, value, info));
    parser.on('file', (name, stream, info) => this.#takeFile(name, stream, info));
    parser.on('fieldsLimit', () => this.#refuse(s3Failure('MaxPostPreDataLengthExceededError')));
    parser.on('error', () => this.#refuse(s3Failure('MalformedPOSTRequest')));
    parser.on('close', () => this.#refuse(noFile()));
    const beginning = new Promise<Beginning>((resolve) => {
      this.#tell = resolve;
    });
    void this.#feed();
    return beginning;
  }

  #begin(beginning: Beginning): void {
    if (this.#beginning) return;
    this.#beginning = beginning;
    this.#tell(beginning);
  }

  /** Without effect once the file has begun: its own stream tells from then on. */
  #refuse(failure: S3Failure): void {
    if (this.#beginning) return;
    this.#begin(failure);
    this.#parser.destroy();
  }

  #takeField(name: string, value: string, info: FieldInfo): void {
    if (this.#beginning) return;
    const field = name?.toLowerCase();
    if (info.nameTruncated || info.valueTruncated) {
      return this.#refuse(s3Failure('MaxPostPreDataLengthExceededError'));
    }
    // Bytes that are not UTF-8 have been replaced by now.
    if (field === undefined || `${field}${value}`.includes('\ufffd')) {
      return this.#refuse(s3Failure('MalformedPOSTRequest'));
    }
    if (field === 'file') {
      this.#beginFile('', once(Buffer.from(value)));
      this.#parser.destroy();
      return;
    }
    if (this.#fields.has(field)) {
      return this.#refuse(invalidArgument('A form field is given twice.', name, value));
    }
    this.#fields.set(field, value);
  }

  #takeFile(name: string, stream: Readable, info: FileInfo): void {
    // A stream whose error nobody hears ends the process.
    stream.on('error', () => {});
    if (this.#beginning) {
      stream.resume();
      return;
    }
    const filename = info.filename ?? '';
    if (name?.toLowerCase() !== 'file') return this.#refuse(noFile());
    this.#beginFile(filename, this.#fileOf(stream));
  }

  #beginFile(filename: string, file: AsyncIterable<Uint8Array>): void {
    const discard = (): void => void this.#parser.destroy();
    this.#begin({ ok: true, fields: this.#fields, filename, file, discard });
  }

  async *#fileOf(stream: Readable): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of stream) yield piece as Uint8Array;
    } catch {
      throw new BodyRefused(s3Failure('IncompleteBody'));
    } finally {
      this.#parser.destroy();
    }
  }

  async #feed(): Promise<void> {
    const parser = this.#parser;
    try {
      for await (const bytes of this.#body) {
        if (!(await this.#feedPiece(bytes))) return;
      }
      if (!parser.destroyed) parser.end();
    } catch {
      // The connection is gone.
      this.#refuse(s3Failure('IncompleteBody'));
      parser.destroy(new Error('the body was cut off'));
    }
  }

  /** False: nobody wants more. */
  async #feedPiece(bytes: Uint8Array): Promise<boolean> {
    const parser = this.#parser;
    for (let at = 0; at < bytes.byteLength; ) {
      if (parser.destroyed) return false;
      const step = this.#beginning ? bytes.byteLength : STEP_BYTES;
      const piece = bytes.subarray(at, at + step);
      at += piece.byteLength;
      this.#bytes += piece.byteLength;
      if (!parser.write(piece)) await writable(parser);
      if (!this.#beginning && this.#bytes > FIELDS_LIMIT_BYTES) {
        this.#refuse(s3Failure('MaxPostPreDataLengthExceededError'));
      }
    }
    return !parser.destroyed;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function noFile(): S3Failure {
  return invalidArgument('POST requires exactly one file upload per request.', 'file', '0');
}

function writable(parser: Busboy): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      parser.off('drain', done);
      parser.off('close', done);
      resolve();
    };
    parser.on('drain', done);
    parser.on('close', done);
  });
}
