import type { BucketState } from '../../../site/object-service.js';
import { checksumOfAlgorithm, digestToBase64 } from '../body/digests.js';
import { multipartChecksum, multipartEtag, readChecksumType } from '../body/multipart-digests.js';
import { checksumField, etagOf, FIELD, type ObjectChecksum, partsField } from '../object-fields.js';
import { writeOwner } from '../owner.js';
import { headerValue, type RequestHeaders } from '../request-headers.js';
import { emptyAnswer, type S3Result, xmlAnswer } from '../s3-answer.js';
import { invalidArgument, type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, type S3Request, uploadRefused } from '../s3-request.js';
import {
  COMPLETE_LIMIT_BYTES,
  type CompletedPart,
  readCompleteMultipartUpload,
} from '../xml/complete-multipart-upload.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { receiveDocument } from './document-body.js';
import { readListingQuery } from './list-objects.js';
import { notStored } from './object-body.js';
import {
  beginUpload,
  completionId,
  endUpload,
  findUpload,
  type Part,
  PART_LEAST_BYTES,
  PART_LIMIT,
  partsOf,
  type Upload,
  uploadsOf,
} from '../../../site/uploads.js';
import { versionHeaders, writeConditionsOf, writeObject, writtenFields } from './write-object.js';

/** POST ?uploads. */
export async function createUpload(request: S3Request): Promise<S3Result> {
  const { service, key, caller } = request;
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const read = writtenFields(request);
  if (!read.ok) return read;
  const checksum = readUploadChecksum(request.headers);
  if (!checksum.ok) return checksum;
  const begun = await beginUpload(service, {
    bucket: bucket.name,
    key,
    initiator: caller.keyId,
    metadata: read.metadata,
    checksum: checksum.checksum,
  });
  if (!begun.ok) return uploadRefused(begun);
  const writer = new XmlWriter('InitiateMultipartUploadResult');
  writer.element('Bucket', bucket.name).element('Key', key).element('UploadId', begun.id);
  const told: string[] = [];
  if (checksum.checksum !== null) {
    told.push('x-amz-checksum-algorithm', checksum.checksum.name.toUpperCase());
    told.push('x-amz-checksum-type', checksum.checksum.type);
  }
  return xmlAnswer(writer.end(), told);
}

type UploadChecksum = { readonly ok: true; readonly checksum: Upload['checksum'] } | S3Failure;

function readUploadChecksum(headers: RequestHeaders): UploadChecksum {
  const algorithm = headerValue(headers, 'x-amz-checksum-algorithm');
  const type = headerValue(headers, 'x-amz-checksum-type');
  if (algorithm === undefined) {
    return type === undefined
      ? { ok: true, checksum: null }
      : s3Failure('InvalidRequest', 'x-amz-checksum-type needs an x-amz-checksum-algorithm.');
  }
  const name = checksumOfAlgorithm(algorithm);
  if (name === undefined) {
    return s3Failure(
      'InvalidRequest',
      'Checksum algorithm provided is unsupported. Please try again with any of the valid types: ' +
        '[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
    );
  }
  const read = readChecksumType(name, type);
  return read.ok ? { ok: true, checksum: { name, type: read.type } } : read;
}

/** DELETE ?uploadId. */
export async function abortUpload(request: S3Request): Promise<S3Result> {
  const { service, key, query } = request;
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const found = await findUpload(service, bucket.name, key, query.get('uploadId') ?? '');
  if (!found.ok) return uploadRefused(found);
  const failure = await endUpload(service, found.upload);
  return failure === null ? emptyAnswer(204) : uploadRefused(failure);
}

/**
 * POST ?uploadId: the parts become the object, with one entry in the log. A repeated request is
 * the same write and has the same outcome, as its request id is the upload's.
 */
export async function completeUpload(request: S3Request): Promise<S3Result> {
  const { service, key, query } = request;
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const { headers } = request;
  const conditions = writeConditionsOf(request);
  if (!conditions.ok) return conditions;
  const body = await receiveDocument(request, COMPLETE_LIMIT_BYTES, 'object');
  if ('ok' in body) return body;
  const asked = readCompleteMultipartUpload(body);
  if (!asked.ok) return asked;
  const found = await findUpload(service, bucket.name, key, query.get('uploadId') ?? '');
  if (!found.ok) return uploadRefused(found);
  const { upload } = found;
  const chosen = await chooseParts(service, upload, asked.parts);
  if (!chosen.ok) return chosen;
  const size = headerValue(headers, 'x-amz-mp-object-size');
  const total = chosen.parts.reduce((sum, part) => sum + part.size, 0);
  if (size !== undefined && size !== String(total)) {
    return s3Failure('InvalidRequest', `The parts have ${total} bytes in all, not ${size}.`);
  }
  const checksum = objectChecksum(upload, chosen.parts);
  const announced = checksum && headerValue(headers, `x-amz-checksum-${checksum.algorithm}`);
  if (checksum !== null && announced !== undefined && announced !== checksum.value) {
    return s3Failure('BadDigest', `The ${checksum.algorithm} you specified did not match.`);
  }
  const joined = await service.join(chosen.parts.map(({ content }) => content));
  if (!joined.ok) return notStored(joined);
  const metadata = {
    ...upload.metadata,
    [FIELD.etag]: multipartEtag(chosen.parts.map(({ md5 }) => md5)),
    [FIELD.parts]: partsField(chosen.parts.map((part) => part.size)),
    ...(checksum !== null && { [FIELD.checksum]: checksumField(checksum) }),
  };
  const written = await writeObject(request, bucket, joined.content, metadata, {
    ...conditions.conditions,
    requestId: completionId(upload.id),
  });
  if (!written.ok) return written;
  // The object is there whatever becomes of this: another attempt would find the same outcome.
  await endUpload(service, upload);
  return completed(request, bucket, written.file, checksum);
}

function completed(
  { key, origin }: S3Request,
  bucket: BucketState,
  file: Parameters<typeof etagOf>[0],
  checksum: ObjectChecksum | null,
): S3Result {
  const writer = new XmlWriter('CompleteMultipartUploadResult');
  writer.element('Location', `${origin}/${bucket.name}/${encodeURI(key)}`);
  writer
    .element('Bucket', bucket.name)
    .element('Key', key)
    .element('ETag', `"${etagOf(file)}"`);
  if (checksum !== null) {
    writer.element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value);
    writer.element('ChecksumType', checksum.type);
  }
  return xmlAnswer(writer.end(), versionHeaders(bucket, file));
}

/** The parts that the request names, if they are all there as it says. */
async function chooseParts(
  service: S3Request['service'],
  upload: Upload,
  asked: readonly CompletedPart[],
): Promise<{ readonly ok: true; readonly parts: readonly Part[] } | S3Failure> {
  const listed = await partsOf(service, upload.id, 0, PART_LIMIT);
  if (!listed.ok) return uploadRefused(listed);
  const byNumber = new Map(listed.parts.map((part) => [part.partNumber, part]));
  const parts: Part[] = [];
  for (const { partNumber, etag, checksums } of asked) {
    const part = byNumber.get(partNumber);
    const { checksum } = upload;
    const expected = checksum === null ? undefined : checksums[checksum.name];
    if (part?.md5 !== etag || (expected !== undefined && expected !== part.checksum)) {
      return s3Failure('InvalidPart', undefined, {
        UploadId: upload.id,
        PartNumber: String(partNumber),
        ETag: etag,
      });
    }
    parts.push(part);
  }
  const small = parts.slice(0, -1).find(({ size }) => size < PART_LEAST_BYTES);
  if (small === undefined) return { ok: true, parts };
  return s3Failure('EntityTooSmall', undefined, {
    ProposedSize: String(small.size),
    MinSizeAllowed: String(PART_LEAST_BYTES),
    PartNumber: String(small.partNumber),
    ETag: small.md5,
  });
}

function objectChecksum({ checksum }: Upload, parts: readonly Part[]): ObjectChecksum | null {
  if (checksum === null) return null;
  const { name, type } = checksum;
  const each = parts.map((part) => ({ hex: part.checksum, sizeBytes: part.size }));
  return { algorithm: name, type, value: multipartChecksum(name, type, each) };
}

/** GET ?uploadId: the parts that have come. */
export async function listParts(request: S3Request): Promise<S3Result> {
  const { service, key, query } = request;
  const bucket = await openBucket(request, 'read');
  if (!bucket.ok) return bucket;
  const asked = readListingQuery(query, 'max-parts');
  if (!asked.ok) return asked;
  const marker = query.get('part-number-marker') ?? '0';
  if (!/^\d{1,6}$/.test(marker)) {
    return invalidArgument('part-number-marker is no number', 'part-number-marker', marker);
  }
  const found = await findUpload(service, bucket.name, key, query.get('uploadId') ?? '');
  if (!found.ok) return uploadRefused(found);
  const { upload } = found;
  const listed = await partsOf(service, upload.id, Number(marker), asked.limit + 1);
  if (!listed.ok) return uploadRefused(listed);
  const parts = listed.parts.slice(0, asked.limit);
  const writer = new XmlWriter('ListPartsResult').element('Bucket', bucket.name);
  writer.element('Key', asked.encode(key)).element('UploadId', upload.id);
  writer.open('Initiator').element('ID', upload.initiator).close();
  writeOwner(writer);
  writer.element('StorageClass', 'STANDARD').element('PartNumberMarker', Number(marker));
  writer.element('NextPartNumberMarker', parts.at(-1)?.partNumber ?? 0);
  writer.element('MaxParts', asked.limit);
  writer.element('IsTruncated', listed.parts.length > parts.length);
  const { checksum } = upload;
  if (checksum !== null) {
    writer.element('ChecksumAlgorithm', checksum.name.toUpperCase());
    writer.element('ChecksumType', checksum.type);
  }
  for (const part of parts) {
    writer.open('Part').element('PartNumber', part.partNumber);
    writer.element('LastModified', new Date(part.modifiedMs).toISOString());
    writer.element('ETag', `"${part.md5}"`).element('Size', part.size);
    if (checksum !== null) {
      const element = `Checksum${checksum.name.toUpperCase()}`;
      writer.element(element, digestToBase64(part.checksum));
    }
    writer.close();
  }
  return xmlAnswer(writer.end());
}

/** GET ?uploads: those under way. */
export async function listUploads(request: S3Request): Promise<S3Result> {
  const { service, query } = request;
  const asked = readListingQuery(query, 'max-uploads');
  if (!asked.ok) return asked;
  const bucket = await openBucket(request, 'read', asked);
  if (!bucket.ok) return bucket;
  const { prefix, delimiter, limit, encode, encoding } = asked;
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = keyMarker === '' ? '' : (query.get('upload-id-marker') ?? '');
  const shown: Upload[] = [];
  const prefixes: string[] = [];
  let isTruncated = false;
  let from = { prefix, key: keyMarker, id: idMarker, limit: 1000 };
  for (let more = limit > 0; more; ) {
    const listed = await uploadsOf(service, bucket.name, from);
    if (!listed.ok) return uploadRefused(listed);
    more = listed.uploads.length === from.limit;
    for (const upload of listed.uploads) {
      const end = delimiter === '' ? -1 : upload.key.indexOf(delimiter, prefix.length);
      const rolled = end < 0 ? null : upload.key.slice(0, end + delimiter.length);
      if (rolled !== null && (prefixes.includes(rolled) || keyMarker.startsWith(rolled))) continue;
      if (shown.length + prefixes.length === limit) {
        isTruncated = true;
        more = false;
        break;
      }
      if (rolled === null) shown.push(upload);
      else prefixes.push(rolled);
      from = { ...from, key: upload.key, id: upload.id };
    }
  }
  const last = shown.at(-1);
  const writer = new XmlWriter('ListMultipartUploadsResult').element('Bucket', bucket.name);
  writer.element('KeyMarker', encode(keyMarker)).element('UploadIdMarker', idMarker);
  if (isTruncated) {
    const prefixAfter = (prefixes.at(-1) ?? '') > (last?.key ?? '');
    writer.element('NextKeyMarker', encode(prefixAfter ? prefixes.at(-1)! : (last?.key ?? '')));
    writer.element('NextUploadIdMarker', prefixAfter ? '' : (last?.id ?? ''));
  }
  writer.element('Prefix', encode(prefix));
  if (delimiter !== '') writer.element('Delimiter', encode(delimiter));
  writer.optional('EncodingType', encoding).element('MaxUploads', limit);
  writer.element('IsTruncated', isTruncated);
  for (const upload of shown) {
    writer.open('Upload').element('Key', encode(upload.key)).element('UploadId', upload.id);
    writer.open('Initiator').element('ID', upload.initiator).close();
    writeOwner(writer);
    writer.element('StorageClass', 'STANDARD');
    writer.element('Initiated', new Date(upload.initiatedMs).toISOString()).close();
  }
  for (const each of prefixes) {
    writer.open('CommonPrefixes').element('Prefix', encode(each)).close();
  }
  return xmlAnswer(writer.end());
}
