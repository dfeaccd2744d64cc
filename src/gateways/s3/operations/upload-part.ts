import { digestToBase64 } from '../body/digests.js';
import { emptyAnswer, type S3Result, xmlAnswer } from '../s3-answer.js';
import { invalidArgument, type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, type S3Request, uploadRefused } from '../s3-request.js';
import { findUpload, PART_LIMIT, putPart, type Upload } from '../../../site/uploads.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { openCopySource } from './copy-source.js';
import { checksumHeaders, notStored, receiveBody } from './object-body.js';

type Asked =
  | { readonly ok: true; readonly upload: Upload; readonly partNumber: number }
  | S3Failure;

/** The upload and the number of the part that a request is about. */
async function askedPart(request: S3Request): Promise<Asked> {
  const { query, service, key } = request;
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const text = query.get('partNumber') ?? '';
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber < 1 || partNumber > PART_LIMIT) {
    const message = `Part number must be an integer between 1 and ${PART_LIMIT}, inclusive`;
    return invalidArgument(message, 'partNumber', text);
  }
  const found = await findUpload(service, bucket.name, key, query.get('uploadId') ?? '');
  return found.ok ? { ok: true, upload: found.upload, partNumber } : uploadRefused(found);
}

/** PUT ?partNumber&uploadId. */
export async function uploadPart(request: S3Request): Promise<S3Result> {
  const asked = await askedPart(request);
  if (!asked.ok) return asked;
  const { upload, partNumber } = asked;
  const received = await receiveBody(request, upload.checksum?.name ?? null);
  if (!received.ok) return received;
  const { content, md5, checksum } = received;
  if (upload.checksum !== null && checksum?.name !== upload.checksum.name) {
    return s3Failure(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.checksum.name}, ` +
        `actual checksum Type: ${checksum?.name ?? 'null'}`,
    );
  }
  const kept = await putPart(request.service, upload.id, partNumber, {
    content,
    md5,
    checksum: upload.checksum === null ? '' : (checksum?.hex ?? ''),
  });
  if (!kept.ok) return uploadRefused(kept);
  return emptyAnswer(200, ['ETag', `"${md5}"`, ...checksumHeaders(received)]);
}

/** PUT ?partNumber&uploadId with x-amz-copy-source: a part out of another object. */
export async function uploadPartCopy(request: S3Request): Promise<S3Result> {
  const asked = await askedPart(request);
  if (!asked.ok) return asked;
  const { upload, partNumber } = asked;
  const source = await openCopySource(request);
  if (!source.ok) return source;
  const { opened, range } = source;
  const name = upload.checksum?.name;
  // Bytes that are in chunks here already are found to be there when they are stored again.
  const stored = await request.service.store(opened.body(range), {
    digests: ['md5', ...(name === undefined ? [] : [name])],
  });
  if (!stored.ok) return notStored(stored);
  const { content, digests } = stored;
  const checksum = name === undefined ? '' : (digests[name] ?? '');
  const { md5 = '' } = digests;
  const kept = await putPart(request.service, upload.id, partNumber, { content, md5, checksum });
  if (!kept.ok) return uploadRefused(kept);
  const writer = new XmlWriter('CopyPartResult').element('ETag', `"${md5}"`);
  writer.element('LastModified', new Date(kept.modifiedMs).toISOString());
  if (name !== undefined) writer.element(`Checksum${name.toUpperCase()}`, digestToBase64(checksum));
  return xmlAnswer(writer.end(), source.versionHeaders);
}
