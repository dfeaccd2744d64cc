import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyRefused } from '../body/chunked-body.js';
import type { PostForm } from './post-form.js';
import { readPostForm } from './post-form.js';
import { fileOfSize, postAnswer, readPostRequest } from './post-request.js';

const BOUNDARY = '----WebKitFormBoundary7';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

interface Part {
  readonly name: string;
  readonly value: string | Uint8Array;
  readonly filename?: string;
}

function encode(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap(({ name, value, filename }) => {
    const file = filename === undefined ? '' : `; filename="${filename}"`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return [Buffer.from(head), Buffer.from(value), Buffer.from('\r\n')];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** Says how much was taken of it, and whether it was let go of. */
class Source implements AsyncIterable<Uint8Array> {
  taken = 0;
  released = false;
  readonly #bytes: Uint8Array;
  readonly #step: number;
  readonly #broken: boolean;

  constructor(bytes: Uint8Array, step = 7, broken = false) {
    this.#bytes = bytes;
    this.#step = step;
    this.#broken = broken;
  }

  async *[Symbol.asyncIterator]() {
    try {
      for (let at = 0; at < this.#bytes.byteLength; at += this.#step) {
        const piece = this.#bytes.subarray(at, at + this.#step);
        this.taken += piece.byteLength;
        yield piece;
      }
      if (this.#broken) throw new Error('the connection ended');
    } finally {
      this.released = true;
    }
  }
}

async function read(source: AsyncIterable<Uint8Array>): Promise<PostForm> {
  const form = await readPostForm(source, TYPE);
  if (!form.ok) throw new Error(form.code);
  return form;
}

async function collect(file: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of file) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const codeOf = async (bytes: Uint8Array | string, type = TYPE) => {
  const form = await readPostForm(new Source(Buffer.from(bytes)), type);
  if (form.ok) form.discard();
  return form.ok ? 'ok' : form.code;
};

const key = { name: 'key', value: 'a/${filename}' };
const hello = { name: 'file', value: 'hello', filename: 'C:\\photos\\é.jpg' };

describe('forms', () => {
  it('are fields and a file, and what follows it is passed over', async () => {
    const after = { name: 'late', value: 'x' };
    const form = await read(new Source(encode([{ ...key, name: 'KEY' }, hello, after])));
    expect([...form.fields]).toEqual([['key', 'a/${filename}']]);
    expect(form.filename).toBe('é.jpg');
    expect(await collect(form.file)).toBe('hello');
  });

  it('may have a file without a name', async () => {
    const form = await read(new Source(encode([key, { name: 'file', value: 'hello' }])));
    expect(form.filename).toBe('');
    expect(await collect(form.file)).toBe('hello');
  });

  it('give the file no faster than it is read', async () => {
    const large = { ...hello, value: Buffer.alloc(8 * 1024 * 1024, 'x') };
    const source = new Source(encode([key, large]), 65_536);
    const form = await read(source);
    const file = form.file[Symbol.asyncIterator]();
    expect((await file.next()).done).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(source.taken).toBeLessThan(1024 * 1024);
    let size = 0;
    for (let next = await file.next(); !next.done; next = await file.next()) {
      size += next.value.byteLength;
    }
    expect(size).toBeGreaterThan(7 * 1024 * 1024);
  });

  it('let go of the request when the file is left early', async () => {
    const large = { ...hello, value: Buffer.alloc(1024 * 1024) };
    for (const leave of [
      async (form: PostForm) => {
        for await (const _ of form.file) break;
      },
      async (form: PostForm) => form.discard(),
    ]) {
      const source = new Source(encode([key, large]), 65_536);
      await leave(await read(source));
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      expect(source.released).toBe(true);
    }
  });

  it('are refused when they are no forms', async () => {
    const whole = encode([key, hello]);
    expect(await codeOf(whole, 'text/plain')).toBe('MalformedPOSTRequest');
    expect(await codeOf(whole, 'multipart/form-data')).toBe('MalformedPOSTRequest');
    expect(await codeOf('a=b', 'application/x-www-form-urlencoded')).toBe('MalformedPOSTRequest');
    expect(await codeOf('')).toBe('MalformedPOSTRequest');
    expect(await codeOf('hello')).toBe('MalformedPOSTRequest');
    expect(await codeOf(encode([key]))).toBe('InvalidArgument');
    expect(await codeOf(encode([key, { ...hello, name: 'photo' }]))).toBe('InvalidArgument');
    expect(await codeOf(encode([key, key, hello]))).toBe('InvalidArgument');
    const invalid = { name: 'key', value: Buffer.from([0x61, 0xff]) };
    expect(await codeOf(encode([invalid, hello]))).toBe('MalformedPOSTRequest');
  });

  it('are refused with more than 20 KiB before the file', async () => {
    const field = (length: number) => ({ name: 'x-ignore-a', value: 'x'.repeat(length) });
    expect(await codeOf(encode([field(19 * 1024), hello]))).toBe('ok');
    const tooLarge = 'MaxPostPreDataLengthExceededError';
    expect(await codeOf(encode([field(21 * 1024), hello]))).toBe(tooLarge);
    expect(await codeOf('x'.repeat(30 * 1024))).toBe(tooLarge);
    const many = Array.from({ length: 101 }, (_, at) => ({ name: `f${at}`, value: '' }));
    expect(await codeOf(encode([...many, hello]))).toBe(tooLarge);
  });

  it('never give a file for whole that was cut off', async () => {
    const bytes = encode([key, hello]);
    const end = bytes.indexOf('hello') + 5 + `\r\n--${BOUNDARY}`.length;
    for (let at = 0; at < end; at += 1) {
      for (const broken of [false, true]) {
        const form = await readPostForm(new Source(bytes.subarray(0, at), 13, broken), TYPE);
        if (!form.ok) continue;
        await expect(collect(form.file)).rejects.toThrow(BodyRefused);
      }
    }
  });

  it('are read or refused, whatever they are', async () => {
    const token = fc.constantFrom(
      ...[`--${BOUNDARY}`, '\r\n', '\n', '--', 'Content-Disposition: form-data; name=', '"file"'],
      ...['; filename="a"', '"key"', '\r\n\r\n', 'Content-Type: text/plain; charset=utf-16', ';'],
      ...[
        'Content-Type: application/octet-stream',
        'x'.repeat(2000),
        '\0',
        '"',
        "; filename*=x''y",
      ],
    );
    const bytes = fc
      .array(fc.oneof({ weight: 6, arbitrary: token }, fc.string()), { maxLength: 40 })
      .map((parts) => Buffer.from(parts.join('')));
    const step = fc.integer({ min: 1, max: 3000 });
    await fc.assert(
      fc.asyncProperty(bytes, step, fc.boolean(), async (input, length, broken) => {
        const source = new Source(input, length, broken);
        const form = await readPostForm(source, TYPE);
        if (!form.ok) return;
        try {
          expect((await collect(form.file)).length).toBeLessThanOrEqual(input.byteLength);
        } catch (error) {
          expect(error).toBeInstanceOf(BodyRefused);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what a form asks for', () => {
  const formOf = (fields: Record<string, string>, filename = 'photo.jpg'): PostForm => ({
    ok: true,
    fields: new Map(Object.entries(fields)),
    filename,
    file: new Source(Buffer.from('hello')),
    discard: () => {},
  });

  it('is a key, with the name of the file where it says so, and headers', () => {
    const fields = {
      key: 'a/${filename}',
      acl: 'private',
      'content-type': 'é',
      'x-amz-meta-a': 'b',
      'x-amz-signature': 's',
      submit: 'x',
      tagging: '<Tagging/>',
    };
    const request = readPostRequest(formOf(fields, "$&'"), 'docs');
    if (!request.ok) throw new Error(request.code);
    expect(request.key).toBe("a/$&'");
    expect(request.tagging).toBe('<Tagging/>');
    expect(request.headers).toEqual({
      'x-amz-acl': 'private',
      'content-type': '\xc3\xa9',
      'x-amz-meta-a': 'b',
    });
    expect(request.fields.get('bucket')).toBe('docs');
    expect(request.fields.get('key')).toBe("a/$&'");
  });

  it('has to have a key, and be for this bucket', () => {
    expect(readPostRequest(formOf({}), 'docs')).toMatchObject({ code: 'InvalidArgument' });
    expect(readPostRequest(formOf({ key: 'a', bucket: 'b' }), 'docs')).toMatchObject({
      code: 'InvalidArgument',
    });
  });

  it('may be of a file of a certain size only', async () => {
    const sized = async (text: string, leastBytes: number, mostBytes: number) => {
      const file = fileOfSize(new Source(Buffer.from(text), 2), { leastBytes, mostBytes });
      try {
        return await collect(file);
      } catch (error) {
        return (error as BodyRefused).failure.code;
      }
    };
    expect(await sized('hello', 5, 5)).toBe('hello');
    expect(await sized('hello', 6, 9)).toBe('EntityTooSmall');
    expect(await sized('hello', 0, 4)).toBe('EntityTooLarge');
    expect(await collect(fileOfSize(new Source(Buffer.from('hello')), null))).toBe('hello');
  });

  it('is answered as it asks', () => {
    const object = { bucket: 'docs', key: 'a b', etag: 'e' };
    const answer = (fields: Record<string, string>) =>
      postAnswer(new Map(Object.entries(fields)), object, 'http://x/docs/a%20b');
    expect(answer({}).status).toBe(204);
    expect(answer({ success_action_status: '200' }).status).toBe(200);
    expect(answer({ success_action_status: '404' }).status).toBe(204);
    const created = answer({ success_action_status: '201' });
    expect(created.status).toBe(201);
    expect(created.document).toContain('<Key>a b</Key><ETag>&quot;e&quot;</ETag>');
    expect(answer({ success_action_redirect: 'http://y/z?a=1' })).toMatchObject({
      status: 303,
      headers: ['Location', 'http://y/z?a=1&bucket=docs&key=a%20b&etag=%22e%22', 'ETag', '"e"'],
    });
    expect(answer({ redirect: 'javascript:alert(1)' }).status).toBe(204);
    expect(answer({ success_action_redirect: 'http://y/\r\nA: b' }).headers[1]).not.toMatch(
      /[\r\n]/,
    );
  });
});
