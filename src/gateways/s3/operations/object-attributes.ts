import { checksumOf, etagOf, modifiedMsOf, partSizesOf } from '../object-fields.js';
import { headerValue } from '../request-headers.js';
import { type S3Result, xmlAnswer } from '../s3-answer.js';
import { invalidArgument } from '../s3-error.js';
import { openBucket, type S3Request } from '../s3-request.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { findObject } from './find-object.js';
import { versionHeaders } from './write-object.js';

const KNOWN = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];
const PARTS_LIMIT = 1000;

/** GET ?attributes: what is asked for in x-amz-object-attributes. */
export async function getObjectAttributes(request: S3Request): Promise<S3Result> {
  const headers = request.headers;
  const asked = (headerValue(headers, 'x-amz-object-attributes') ?? '')
    .split(',')
    .map((name) => name.trim());
  if (asked.some((name) => !KNOWN.includes(name))) {
    const message = 'Invalid attribute name specified.';
    return invalidArgument(message, 'x-amz-object-attributes', asked.join(','));
  }
  const bucket = await openBucket(request, 'read');
  if (!bucket.ok) return bucket;
  const found = await findObject(request, bucket, request.query.get('versionId'));
  if (!found.ok) return found;
  const { file } = found;
  const writer = new XmlWriter('GetObjectAttributesResponse');
  if (asked.includes('ETag')) writer.element('ETag', etagOf(file));
  const checksum = checksumOf(file);
  if (asked.includes('Checksum') && checksum !== null) {
    writer.open('Checksum').element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value);
    writer.element('ChecksumType', checksum.type).close();
  }
  const sizes = partSizesOf(file);
  if (asked.includes('ObjectParts') && sizes !== null) {
    const max = Number(headerValue(headers, 'x-amz-max-parts') ?? PARTS_LIMIT);
    const marker = Number(headerValue(headers, 'x-amz-part-number-marker') ?? 0);
    if (!Number.isInteger(max) || max < 0 || !Number.isInteger(marker) || marker < 0) {
      return invalidArgument('Invalid part number marker or max parts', 'x-amz-max-parts', '');
    }
    writeParts(writer, sizes, marker, Math.min(max, PARTS_LIMIT));
  }
  if (asked.includes('StorageClass')) writer.element('StorageClass', 'STANDARD');
  if (asked.includes('ObjectSize')) writer.element('ObjectSize', file.content?.size ?? 0);
  return xmlAnswer(writer.end(), [
    'Last-Modified',
    new Date(modifiedMsOf(file)).toUTCString(),
    ...versionHeaders(bucket, file),
  ]);
}

function writeParts(
  writer: XmlWriter,
  sizes: readonly number[],
  marker: number,
  limit: number,
): void {
  const shown = sizes.slice(marker, marker + limit);
  writer.open('ObjectParts').element('PartsCount', sizes.length);
  writer.element('PartNumberMarker', marker);
  writer.element('NextPartNumberMarker', marker + shown.length).element('MaxParts', limit);
  writer.element('IsTruncated', marker + shown.length < sizes.length);
  shown.forEach((size, index) => {
    writer
      .open('Part')
      .element('PartNumber', marker + index + 1)
      .element('Size', size)
      .close();
  });
  writer.close();
}
