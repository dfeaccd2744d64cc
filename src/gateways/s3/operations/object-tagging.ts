import { FIELD, modifiedMsOf, tagsField, tagsOf } from '../object-fields.js';
import { versionIdOf } from '../object-versions.js';
import { emptyAnswer, type S3Result, xmlAnswer } from '../s3-answer.js';
import { type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, type S3Request, writeRefused } from '../s3-request.js';
import { OBJECT_TAG_LIMIT, type Tag } from '../tags.js';
import { readTagging, TAGGING_LIMIT_BYTES, writeTagging } from '../xml/tagging.js';
import { receiveDocument } from './document-body.js';
import { findObject } from './find-object.js';
import { versionHeaders } from './write-object.js';

const CHANGE_ATTEMPTS = 5;

/** GET, PUT and DELETE of an object's ?tagging. */
export async function objectTagging(request: S3Request): Promise<S3Result> {
  switch (request.method) {
    case 'GET':
      return readTags(request);
    case 'PUT': {
      const body = await receiveDocument(request, TAGGING_LIMIT_BYTES);
      if ('ok' in body) return body;
      const read = readTagging(body, OBJECT_TAG_LIMIT);
      return read.ok ? writeTags(request, read.tags, 200) : read;
    }
    case 'DELETE':
      return writeTags(request, [], 204);
    default:
      return s3Failure('MethodNotAllowed');
  }
}

async function readTags(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'read');
  if (!bucket.ok) return bucket;
  const found = await findObject(request, bucket, request.query.get('versionId'));
  if (!found.ok) return found;
  return xmlAnswer(writeTagging(tagsOf(found.file)), versionHeaders(bucket, found.file));
}

/**
 * Tags are part of a version. To change those of the newest one, the store writes it anew and takes
 * the old one out; it keeps its id and its time. Tags of older versions stay as they are.
 */
async function writeTags(
  request: S3Request,
  tags: readonly Tag[],
  status: 200 | 204,
): Promise<S3Result> {
  const { service, query, key } = request;
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  for (let attempt = 1; ; attempt += 1) {
    const found = await findObject(request, bucket, query.get('versionId'));
    if (!found.ok) return found;
    const { file } = found;
    const current = await service.open(`${bucket.name}/${key}`);
    if (!current.ok || current.file.version !== file.version) return olderVersion();
    const own = file.metadata[FIELD.version];
    const { [FIELD.tags]: _tags, ...kept } = file.metadata;
    const metadata = {
      ...kept,
      ...(tags.length > 0 && { [FIELD.tags]: tagsField(tags) }),
      ...(own === '+' && { [FIELD.version]: String(file.version) }),
      [FIELD.modified]: String(modifiedMsOf(file)),
    };
    if (file.content === null) return s3Failure('NoSuchKey');
    const outcome = await service.put(file.name, file.content, {
      ifVersion: file.version,
      erases: [file.version],
      metadata,
    });
    if (outcome.outcome === 'committed') {
      const headers =
        bucket.settings.versioning === 'off' ? [] : ['x-amz-version-id', versionIdOf(outcome.file)];
      return emptyAnswer(status, headers);
    }
    const isOvertaken = outcome.outcome === 'rejected' && outcome.reason === 'precondition_failed';
    if (!isOvertaken) return writeRefused(outcome);
    if (attempt === CHANGE_ATTEMPTS) return s3Failure('OperationAborted');
  }
}

function olderVersion(): S3Failure {
  return s3Failure('NotImplemented', 'Tags of older versions cannot be changed.');
}
