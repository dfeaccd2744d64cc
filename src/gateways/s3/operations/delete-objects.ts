import { permitsFile } from '../../../site/access/rights.js';
import { storeEtag } from '../object-fields.js';
import { keyFault } from '../resource.js';
import { type S3Result, xmlAnswer } from '../s3-answer.js';
import type { S3Failure } from '../s3-error.js';
import { denied, openBucket, type S3Request } from '../s3-request.js';
import {
  DELETE_LIMIT_BYTES,
  type ObjectToDelete,
  readDeleteObjects,
} from '../xml/delete-objects.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { type Deleted, removeObject } from './delete-object.js';
import { receiveDocument } from './document-body.js';

/** Deletes under way at once for one request. */
const DELETES_AT_ONCE = 64;

/** POST ?delete: up to 1,000 objects, each on its own. */
export async function deleteObjects(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'write', 'some');
  if (!bucket.ok) return bucket;
  const body = await receiveDocument(request, DELETE_LIMIT_BYTES);
  if ('ok' in body) return body;
  const asked = readDeleteObjects(body);
  if (!asked.ok) return asked;
  const results = new Array<Deleted | S3Failure>(asked.objects.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < asked.objects.length; at = next++) {
      const { key, versionId, etag } = asked.objects[at]!;
      const isPermitted = permitsFile(request.caller.rights, bucket.name, key, 'write');
      const fault = keyFault(key) ?? (isPermitted ? null : denied());
      const conditions = etag === undefined ? {} : { ifMatch: [storeEtag(etag)] };
      results[at] =
        fault ?? (await removeObject(request.service, bucket, key, versionId, conditions));
    }
  };
  await Promise.all(Array.from({ length: DELETES_AT_ONCE }, work));
  const writer = new XmlWriter('DeleteResult');
  asked.objects.forEach((object, at) => {
    const result = results[at]!;
    if (!result.ok) writeError(writer, object, result);
    else if (!asked.quiet) writeDeleted(writer, object, result);
  });
  return xmlAnswer(writer.end());
}

function writeDeleted(
  writer: XmlWriter,
  { key, versionId }: ObjectToDelete,
  deleted: Deleted,
): void {
  writer.open('Deleted').element('Key', key).optional('VersionId', versionId);
  if (deleted.isMarker) {
    writer.element('DeleteMarker', true).optional('DeleteMarkerVersionId', deleted.versionId);
  }
  writer.close();
}

function writeError(
  writer: XmlWriter,
  { key, versionId }: ObjectToDelete,
  { code, message }: S3Failure,
): void {
  writer.open('Error').element('Key', key).optional('VersionId', versionId);
  writer.element('Code', code).element('Message', message).close();
}
