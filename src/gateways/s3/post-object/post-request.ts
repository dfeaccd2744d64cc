import { BodyRefused } from '../body/chunked-body.js';
import { CONTENT_HEADER_KEYS } from '../../file-metadata.js';
import type { RequestHeaders } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';
import { uriEncode } from '../signature/uri-encoding.js';
import { XmlWriter } from '../xml/xml-writer.js';
import type { PostForm } from './post-form.js';
import type { SizeRange } from './post-policy.js';

export interface PostRequest {
  readonly ok: true;
  readonly key: string;
  /** The form's fields as policies are judged by: with its bucket, and the real key. */
  readonly fields: ReadonlyMap<string, string>;
  /** What the fields say of the object, as the headers of a PUT would. */
  readonly headers: RequestHeaders;
  /** Tags as a document, or undefined. */
  readonly tagging: string | undefined;
}

const OF_THE_SIGNATURE = [
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-signature',
  'x-amz-security-token',
];

/** What a form asks for, of the bucket that it was sent to. */
export function readPostRequest(form: PostForm, bucket: string): PostRequest | S3Failure {
  const given = form.fields.get('key');
  if (given === undefined || given === '') {
    return invalidArgument(
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order " +
        'of the fields.',
      'key',
      '',
    );
  }
  const named = form.fields.get('bucket');
  if (named !== undefined && named !== bucket) {
    return invalidArgument('The form is for another bucket.', 'bucket', named);
  }
  const key = given.replaceAll('${filename}', () => form.filename);
  const headers: Record<string, string> = {};
  for (const [name, value] of form.fields) {
    const described = (CONTENT_HEADER_KEYS as readonly string[]).includes(name);
    const asked = name.startsWith('x-amz-') && !OF_THE_SIGNATURE.includes(name);
    const header = name === 'acl' ? 'x-amz-acl' : name;
    // Like headers, each byte a character.
    if (described || asked || name === 'acl' || name === 'content-md5') {
      headers[header] = Buffer.from(value).toString('latin1');
    }
  }
  const fields = new Map([...form.fields, ['key', key] as const, ['bucket', bucket] as const]);
  return { ok: true, key, fields, headers, tagging: form.fields.get('tagging') };
}

/** The file, refused with BodyRefused where it is smaller or larger than it may be. */
export async function* fileOfSize(
  file: AsyncIterable<Uint8Array>,
  range: SizeRange | null,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of file) {
    size += piece.byteLength;
    if (range && size > range.mostBytes) {
      const details = { ProposedSize: String(size), MaxSizeAllowed: String(range.mostBytes) };
      throw new BodyRefused(s3Failure('EntityTooLarge', undefined, details));
    }
    yield piece;
  }
  if (range && size < range.leastBytes) {
    const details = { ProposedSize: String(size), MinSizeAllowed: String(range.leastBytes) };
    throw new BodyRefused(s3Failure('EntityTooSmall', undefined, details));
  }
}

export interface PostAnswer {
  readonly status: number;
  /** Names and values in turns. */
  readonly headers: readonly string[];
  readonly document: string;
}

/**
 * The answer to a form whose file was stored; `etag` is without quotes, `location` the object's
 * URL. A redirect that is no web address is passed over, as S3 does.
 */
export function postAnswer(
  fields: ReadonlyMap<string, string>,
  object: { readonly bucket: string; readonly key: string; readonly etag: string },
  location: string,
): PostAnswer {
  const { bucket, key, etag } = object;
  const quoted = `"${etag}"`;
  const target = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (target !== undefined && /^https?:/i.test(target) && URL.canParse(target)) {
    const url = new URL(target);
    const query = `bucket=${uriEncode(bucket)}&key=${uriEncode(key)}&etag=${uriEncode(quoted)}`;
    url.search += url.search === '' ? query : `&${query}`;
    return { status: 303, headers: ['Location', url.href, 'ETag', quoted], document: '' };
  }
  const headers = ['Location', location, 'ETag', quoted];
  const asked = fields.get('success_action_status');
  if (asked !== '201') return { status: asked === '200' ? 200 : 204, headers, document: '' };
  const xml = new XmlWriter('PostResponse', null).element('Location', location);
  xml.element('Bucket', bucket).element('Key', key).element('ETag', quoted);
  headers.push('Content-Type', 'application/xml');
  return { status: 201, headers, document: xml.end() };
}
