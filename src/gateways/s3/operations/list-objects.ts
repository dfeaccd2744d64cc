import type { Listing } from '../../../site/file-service.js';
import type { FileVersion } from '../../service-types.js';
import { checksumOf, etagOf, modifiedMsOf } from '../object-fields.js';
import { OWNER_XML } from '../owner.js';
import { type S3Result, xmlAnswer } from '../s3-answer.js';
import { invalidArgument, type S3Failure } from '../s3-error.js';
import { openBucket, readRefused, type S3Request } from '../s3-request.js';
import { escapeXml, xmlElement, XmlWriter } from '../xml/xml-writer.js';

export const KEYS_LIMIT = 1000;

export interface ListingQuery {
  readonly ok: true;
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
  /** Escapes names as the client asked. */
  readonly encode: (text: string) => string;
  readonly encoding: string | undefined;
}

/** What all listings understand of the query; `limitName` is what they call the page's length. */
export function readListingQuery(
  query: ReadonlyMap<string, string>,
  limitName: string,
): ListingQuery | S3Failure {
  const text = query.get(limitName);
  if (text !== undefined && text !== '' && !/^\d{1,10}$/.test(text)) {
    const message = `Provided ${limitName} not an integer or within integer range`;
    return invalidArgument(message, limitName, text);
  }
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    return invalidArgument(
      'Invalid Encoding Method specified in Request',
      'encoding-type',
      encoding,
    );
  }
  return {
    ok: true,
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    limit: text === undefined || text === '' ? KEYS_LIMIT : Math.min(Number(text), KEYS_LIMIT),
    encode: encoding === 'url' ? urlEncode : (name) => name,
    encoding,
  };
}

/** As S3 does it: like encodeURIComponent, but `/` stays. */
function urlEncode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%2F', '/')
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** GET ?list-type=2. */
export async function listObjectsV2(request: S3Request): Promise<S3Result> {
  const { query, service } = request;
  const asked = readListingQuery(query, 'max-keys');
  if (!asked.ok) return asked;
  const bucket = await openBucket(request, 'read', asked);
  if (!bucket.ok) return bucket;
  const { prefix, delimiter, limit, encode } = asked;
  const token = query.get('continuation-token');
  const after = query.get('start-after') ?? '';
  if (token === '') {
    return invalidArgument(
      'The continuation token provided is incorrect',
      'continuation-token',
      '',
    );
  }
  const page = await readPage(service, bucket.name, asked, {
    ...(token !== undefined && { cursor: token }),
    ...(token === undefined && after !== '' && { after }),
  });
  if (!page.ok) {
    if (token !== undefined && page.reason === 'invalid_name') {
      const message = 'The continuation token provided is incorrect';
      return invalidArgument(message, 'continuation-token', token);
    }
    return readRefused(page);
  }
  const writer = new XmlWriter('ListBucketResult').element('Name', bucket.name);
  writer.element('Prefix', encode(prefix));
  if (token !== undefined) writer.element('ContinuationToken', token);
  if (after !== '') writer.element('StartAfter', encode(after));
  writer.element('KeyCount', page.files.length + page.prefixes.length).element('MaxKeys', limit);
  if (delimiter !== '') writer.element('Delimiter', encode(delimiter));
  writer.optional('EncodingType', asked.encoding).element('IsTruncated', page.next !== null);
  if (page.next !== null) writer.element('NextContinuationToken', page.next);
  const hasOwner = query.get('fetch-owner') === 'true';
  for (const file of page.files) writeContents(writer, file, encode, hasOwner);
  writePrefixes(writer, page.prefixes, encode);
  return xmlAnswer(writer.end());
}

/** GET of a bucket: the older listing, which goes on after a name. */
export async function listObjects(request: S3Request): Promise<S3Result> {
  const { query, service } = request;
  const listType = query.get('list-type');
  if (listType !== undefined) {
    return invalidArgument('Invalid List Type specified in Request', 'list-type', listType);
  }
  const asked = readListingQuery(query, 'max-keys');
  if (!asked.ok) return asked;
  const bucket = await openBucket(request, 'read', asked);
  if (!bucket.ok) return bucket;
  const { prefix, delimiter, limit, encode } = asked;
  const marker = query.get('marker') ?? '';
  const page = await readPage(service, bucket.name, asked, marker === '' ? {} : { after: marker });
  if (!page.ok) return readRefused(page);
  const writer = new XmlWriter('ListBucketResult').element('Name', bucket.name);
  writer.element('Prefix', encode(prefix)).element('Marker', encode(marker));
  writer.element('MaxKeys', limit);
  if (delimiter !== '') writer.element('Delimiter', encode(delimiter));
  writer.optional('EncodingType', asked.encoding).element('IsTruncated', page.next !== null);
  if (page.next !== null) writer.element('NextMarker', encode(lastOf(page)));
  for (const file of page.files) writeContents(writer, file, encode, true);
  writePrefixes(writer, page.prefixes, encode);
  return xmlAnswer(writer.end());
}

type Page = Extract<Listing, { ok: true }>;

async function readPage(
  service: S3Request['service'],
  bucket: string,
  { prefix, delimiter, limit }: ListingQuery,
  from: { readonly cursor?: string; readonly after?: string },
): Promise<Listing> {
  if (limit === 0) {
    const served = { site: '', primary: '', freshness: 'validated', ageMs: null } as const;
    return { ok: true, files: [], prefixes: [], next: null, served };
  }
  return service.list({ bucket, prefix, limit, ...(delimiter !== '' && { delimiter }), ...from });
}

/** The last thing on the page in the order of names. */
function lastOf({ files, prefixes }: Page): string {
  const file = files.at(-1);
  const key = file === undefined ? '' : keyOf(file);
  const prefix = prefixes.at(-1) ?? '';
  return Buffer.compare(Buffer.from(key), Buffer.from(prefix)) > 0 ? key : prefix;
}

export function keyOf({ name }: FileVersion): string {
  return name.slice(name.indexOf('/') + 1);
}

function writeContents(
  writer: XmlWriter,
  file: FileVersion,
  encode: (text: string) => string,
  hasOwner: boolean,
): void {
  // In one piece: a page has a thousand, and each element apart costs several strings.
  const pieces = [
    '<Contents><Key>',
    escapeXml(encode(keyOf(file))),
    '</Key><LastModified>',
    new Date(modifiedMsOf(file)).toISOString(),
    '</LastModified><ETag>&quot;',
    escapeXml(etagOf(file)),
    '&quot;</ETag>',
  ];
  const checksum = checksumOf(file);
  if (checksum !== null) {
    pieces.push(xmlElement('ChecksumAlgorithm', checksum.algorithm.toUpperCase()));
    pieces.push(xmlElement('ChecksumType', checksum.type));
  }
  pieces.push('<Size>', String(file.content?.size ?? 0), '</Size>');
  pieces.push('<StorageClass>STANDARD</StorageClass>');
  if (hasOwner) pieces.push(OWNER_XML);
  pieces.push('</Contents>');
  writer.append(pieces.join(''));
}

export function writePrefixes(
  writer: XmlWriter,
  prefixes: readonly string[],
  encode: (text: string) => string,
): void {
  for (const prefix of prefixes) {
    writer.open('CommonPrefixes').element('Prefix', encode(prefix)).close();
  }
}
