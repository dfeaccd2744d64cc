import { CONTENT_HEADER_KEYS, USER_METADATA_PREFIX } from '../../file-metadata.js';
import type { FileVersion } from '../../service-types.js';
import { checksumOfAlgorithm, digestToBase64 } from '../body/digests.js';
import { readDirective } from '../copy-source.js';
import { checksumField, checksumOf, etagOf, FIELD } from '../object-fields.js';
import { headerValue, type RequestHeaders } from '../request-headers.js';
import { type S3Result, xmlAnswer } from '../s3-answer.js';
import { type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, type S3Request } from '../s3-request.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { type CopySource, openCopySource } from './copy-source.js';
import { notStored } from './object-body.js';
import { versionHeaders, writeConditionsOf, writeObject, writtenFields } from './write-object.js';

type Metadata = Readonly<Record<string, string>>;

/** PUT with x-amz-copy-source: the same content under another name. No content moves. */
export async function copyObject(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const { headers } = request;
  const conditions = writeConditionsOf(request);
  if (!conditions.ok) return conditions;
  const source = await openCopySource(request);
  if (!source.ok) return source;
  const { file } = source.opened;
  const read = writtenFields(request);
  if (!read.ok) return read;
  const keep = directiveOf(headers, 'x-amz-metadata-directive');
  const keepTags = directiveOf(headers, 'x-amz-tagging-directive');
  if (!keep.ok) return keep;
  if (!keepTags.ok) return keepTags;
  const isItself = file.name === `${bucket.name}/${request.key}`;
  const changes = keep.directive === 'REPLACE' || keepTags.directive === 'REPLACE';
  if (isItself && !changes && request.query.get('versionId') === undefined) {
    const isNewest = await isNewestVersion(request, file);
    if (isNewest) return ontoItself();
  }
  const digests = await contentFields(request, source);
  if (!digests.ok) return digests;
  const { [FIELD.tags]: newTags, ...newFields } = read.metadata;
  const tags = keepTags.directive === 'REPLACE' ? newTags : file.metadata[FIELD.tags];
  const metadata = {
    ...(keep.directive === 'REPLACE' ? newFields : shownFields(file.metadata)),
    ...digests.fields,
    ...(tags !== undefined && { [FIELD.tags]: tags }),
  };
  if (file.content === null) return s3Failure('NoSuchKey');
  const { conditions: asked } = conditions;
  const written = await writeObject(request, bucket, file.content, metadata, asked);
  if (!written.ok) return written;
  return copied(written.file, [...versionHeaders(bucket, written.file), ...source.versionHeaders]);
}

async function isNewestVersion({ service }: S3Request, { name, version }: FileVersion) {
  const newest = await service.open(name);
  return newest.ok && newest.file.version === version;
}

function directiveOf(headers: RequestHeaders, name: Parameters<typeof readDirective>[0]) {
  return readDirective(name, headerValue(headers, name));
}

function ontoItself(): S3Failure {
  return s3Failure(
    'InvalidRequest',
    'This copy request is illegal because it is trying to copy an object to itself without ' +
      "changing the object's metadata, storage class, website redirect location or encryption " +
      'attributes.',
  );
}

function copied(file: FileVersion, headers: string[]): S3Result {
  const writer = new XmlWriter('CopyObjectResult').element('ETag', `"${etagOf(file)}"`);
  writer.element('LastModified', new Date(file.modifiedMs).toISOString());
  const checksum = checksumOf(file);
  if (checksum !== null) {
    writer.element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value);
    writer.element('ChecksumType', checksum.type);
  }
  return xmlAnswer(writer.end(), headers);
}

/** What describes an object to its users. */
function shownFields(metadata: Metadata): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const key in metadata) {
    const isShown =
      key.startsWith(USER_METADATA_PREFIX) ||
      (CONTENT_HEADER_KEYS as readonly string[]).includes(key);
    if (isShown) fields[key] = metadata[key]!;
  }
  return fields;
}

/** What says what the content is: as the source has it, unless another checksum is asked for. */
async function contentFields(
  { headers, service }: S3Request,
  { opened }: CopySource,
): Promise<{ readonly ok: true; readonly fields: Record<string, string> } | S3Failure> {
  const { file } = opened;
  const algorithm = headerValue(headers, 'x-amz-checksum-algorithm');
  const name = algorithm === undefined ? undefined : checksumOfAlgorithm(algorithm);
  if (algorithm !== undefined && name === undefined) {
    return s3Failure('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  }
  const fields: Record<string, string> = {};
  for (const key of [FIELD.etag, FIELD.parts, FIELD.checksum]) {
    const value = file.metadata[key];
    if (value !== undefined) fields[key] = value;
  }
  if (name === undefined || checksumOf(file)?.algorithm === name) {
    return { ok: true, fields };
  }
  const stored = await service.store(opened.body(), { digests: [name] });
  if (!stored.ok) return notStored(stored);
  const value = digestToBase64(stored.digests[name] ?? '');
  fields[FIELD.checksum] = checksumField({ algorithm: name, type: 'FULL_OBJECT', value });
  return { ok: true, fields };
}
