import { checksumField, FIELD } from '../object-fields.js';
import { emptyAnswer, type S3Result } from '../s3-answer.js';
import { openBucket, type S3Request } from '../s3-request.js';
import { digestToBase64 } from '../body/digests.js';
import { checksumHeaders, receiveBody, type ReceivedBody } from './object-body.js';
import { versionHeaders, writeConditionsOf, writeObject, writtenFields } from './write-object.js';

/** PUT of an object in one piece. */
export async function putObject(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const conditions = writeConditionsOf(request);
  if (!conditions.ok) return conditions;
  const read = writtenFields(request);
  if (!read.ok) return read;
  const received = await receiveBody(request);
  if (!received.ok) return received;
  const metadata = { ...read.metadata, ...bodyFields(received) };
  const written = await writeObject(
    request,
    bucket,
    received.content,
    metadata,
    conditions.conditions,
  );
  if (!written.ok) return written;
  return emptyAnswer(200, [
    'ETag',
    `"${received.md5}"`,
    ...checksumHeaders(received),
    ...versionHeaders(bucket, written.file),
  ]);
}

/** What is kept of a body that came in one piece. */
export function bodyFields({ md5, checksum }: ReceivedBody): Record<string, string> {
  const fields: Record<string, string> = { [FIELD.etag]: md5 };
  if (checksum !== null) {
    const value = digestToBase64(checksum.hex);
    fields[FIELD.checksum] = checksumField({
      algorithm: checksum.name,
      type: 'FULL_OBJECT',
      value,
    });
  }
  return fields;
}
