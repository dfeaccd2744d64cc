import {
  objectVersions,
  type ObjectVersion,
  readVersionId,
  readWholeHistory,
} from '../object-versions.js';
import { etagOf, modifiedMsOf } from '../object-fields.js';
import { writeOwner } from '../owner.js';
import { type S3Result, xmlAnswer } from '../s3-answer.js';
import { invalidArgument, type S3Failure } from '../s3-error.js';
import { openBucket, readRefused, type S3Request } from '../s3-request.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { keyOf, readListingQuery, type ListingQuery, writePrefixes } from './list-objects.js';

interface Page {
  readonly ok: true;
  readonly versions: readonly (ObjectVersion & { readonly key: string })[];
  readonly prefixes: readonly string[];
  /** Where the next page begins; null at the end. */
  readonly next: { readonly key: string; readonly versionId: string } | null;
}

/** GET ?versions. */
export async function listObjectVersions(request: S3Request): Promise<S3Result> {
  const { query } = request;
  const asked = readListingQuery(query, 'max-keys');
  if (!asked.ok) return asked;
  const keyMarker = query.get('key-marker') ?? '';
  const versionMarker = query.get('version-id-marker') ?? '';
  if (versionMarker !== '' && keyMarker === '') {
    const message = 'A version-id marker cannot be specified without a key marker.';
    return invalidArgument(message, 'version-id-marker', versionMarker);
  }
  if (versionMarker !== '' && readVersionId(versionMarker) === undefined) {
    const message = 'Invalid version id specified';
    return invalidArgument(message, 'version-id-marker', versionMarker);
  }
  const bucket = await openBucket(request, 'read', asked);
  if (!bucket.ok) return bucket;
  const page = await readVersions(request, asked, keyMarker, versionMarker);
  if (!page.ok) return page;
  const { encode, prefix, delimiter, limit, encoding } = asked;
  const writer = new XmlWriter('ListVersionsResult').element('Name', bucket.name);
  writer.element('Prefix', encode(prefix)).element('KeyMarker', encode(keyMarker));
  writer.element('VersionIdMarker', versionMarker).element('MaxKeys', limit);
  if (delimiter !== '') writer.element('Delimiter', encode(delimiter));
  writer.optional('EncodingType', encoding).element('IsTruncated', page.next !== null);
  if (page.next !== null) {
    writer.element('NextKeyMarker', encode(page.next.key));
    writer.element('NextVersionIdMarker', page.next.versionId);
  }
  for (const version of page.versions) {
    writeVersion(writer, version, encode);
  }
  writePrefixes(writer, page.prefixes, encode);
  return xmlAnswer(writer.end());
}

async function readVersions(
  { service, bucket }: S3Request,
  { prefix, delimiter, limit }: ListingQuery,
  keyMarker: string,
  versionMarker: string,
): Promise<Page | S3Failure> {
  const versions: (ObjectVersion & { readonly key: string })[] = [];
  const prefixes: string[] = [];
  const done = (key: string, versionId: string): Page => ({
    ok: true,
    versions,
    prefixes,
    next: { key, versionId },
  });
  if (limit === 0) return { ok: true, versions, prefixes, next: null };
  let last = { key: keyMarker, versionId: versionMarker };
  // With a version marker the rest of that key's own versions comes first.
  if (versionMarker !== '') {
    const rest = await versionsOf(service, bucket, keyMarker, 'strong');
    if ('ok' in rest) return rest;
    const at = rest.findIndex(({ id }) => id === versionMarker);
    for (const version of rest.slice(at + 1)) {
      if (versions.length === limit) return done(last.key, last.versionId);
      versions.push({ ...version, key: keyMarker });
      last = { key: keyMarker, versionId: version.id };
    }
  }
  let from: { readonly cursor?: string; readonly after?: string } =
    keyMarker === '' ? {} : { after: keyMarker };
  for (;;) {
    const page = await service.list({
      bucket,
      prefix,
      deleted: true,
      ...(delimiter !== '' && { delimiter }),
      ...from,
    });
    if (!page.ok) return readRefused(page);
    const entries = [
      ...page.files.map((file) => ({ text: keyOf(file), file })),
      ...page.prefixes.map((text) => ({ text, file: null })),
    ].sort((a, b) => Buffer.compare(Buffer.from(a.text), Buffer.from(b.text)));
    for (const { text, file } of entries) {
      // The listing has just caught up with every primary, so what is here is not older.
      const all = file === null ? [] : await versionsOf(service, bucket, text, 'local');
      if ('ok' in all) return all;
      if (file === null) {
        if (versions.length + prefixes.length === limit) return done(last.key, last.versionId);
        prefixes.push(text);
        last = { key: text, versionId: '' };
      }
      for (const version of all) {
        if (versions.length + prefixes.length === limit) return done(last.key, last.versionId);
        versions.push({ ...version, key: text });
        last = { key: text, versionId: version.id };
      }
    }
    if (page.next === null) return { ok: true, versions, prefixes, next: null };
    from = { cursor: page.next };
  }
}

async function versionsOf(
  service: S3Request['service'],
  bucket: string,
  key: string,
  consistency: 'strong' | 'local',
): Promise<ObjectVersion[] | S3Failure> {
  const history = await readWholeHistory(service, `${bucket}/${key}`, consistency);
  if (history.ok) return objectVersions(history.versions);
  return history.reason === 'no_such_file' ? [] : readRefused(history);
}

function writeVersion(
  writer: XmlWriter,
  { key, id, isLatest, isMarker, file }: Page['versions'][number],
  encode: (text: string) => string,
): void {
  writer.open(isMarker ? 'DeleteMarker' : 'Version').element('Key', encode(key));
  writer.element('VersionId', id).element('IsLatest', isLatest);
  writer.element('LastModified', new Date(modifiedMsOf(file)).toISOString());
  if (!isMarker) {
    writer.element('ETag', `"${etagOf(file)}"`).element('Size', file.content?.size ?? 0);
    writer.element('StorageClass', 'STANDARD');
  }
  writeOwner(writer);
  writer.close();
}
