import { deleteBucket, createBucket, headBucket, listBuckets } from './operations/buckets.js';
import { bucketSetting } from './operations/bucket-settings.js';
import { deleteObjects } from './operations/delete-objects.js';
import { deleteObject } from './operations/delete-object.js';
import { copyObject } from './operations/copy-object.js';
import { getObject } from './operations/get-object.js';
import { getObjectAttributes } from './operations/object-attributes.js';
import { listObjects, listObjectsV2 } from './operations/list-objects.js';
import { listObjectVersions } from './operations/list-versions.js';
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
} from './operations/multipart.js';
import { objectTagging } from './operations/object-tagging.js';
import { postObject } from './operations/post-object.js';
import { putObject } from './operations/put-object.js';
import { uploadPart, uploadPartCopy } from './operations/upload-part.js';
import type { RequestHeaders } from './request-headers.js';
import type { S3Result } from './s3-answer.js';
import { s3Failure } from './s3-error.js';
import { denied, type S3Request } from './s3-request.js';
import { OWNER_ID } from './owner.js';
import { refuseUnsupportedHeaders, refuseUnsupportedParameters } from './unsupported-headers.js';

/** Finds the operation that a request asks for and carries it out. */
export async function dispatch(request: S3Request): Promise<S3Result> {
  const { bucket, key, method, parameters } = request;
  const setting = bucket !== '' && key === '' ? bucketSetting(request) : null;
  const refused =
    refuseUnsupportedHeaders(headersToJudge(request), OWNER_ID) ??
    (setting === null ? refuseUnsupportedParameters(method, parameters) : null);
  if (refused !== null) return refused;
  if (setting !== null) return setting();
  if (bucket === '') return ofService(request);
  return key === '' ? ofBucket(request) : ofObject(request);
}

/** An ACL is understood where it is what the request is about. */
function headersToJudge({ headers, key, query }: S3Request): RequestHeaders {
  if (key !== '' || !query.has('acl')) return headers;
  return { ...headers, 'x-amz-acl': undefined };
}

function ofService(request: S3Request): Promise<S3Result> | S3Result {
  if (request.method !== 'GET') return s3Failure('MethodNotAllowed');
  return request.caller.keyId === '' ? denied() : listBuckets(request);
}

function ofBucket(request: S3Request): Promise<S3Result> | S3Result {
  const { method, query } = request;
  switch (method) {
    case 'HEAD':
      return headBucket(request);
    case 'PUT':
      return createBucket(request);
    case 'DELETE':
      return deleteBucket(request);
    case 'POST':
      return query.has('delete') ? deleteObjects(request) : postObject(request);
    case 'GET':
      if (query.has('versions')) return listObjectVersions(request);
      if (query.has('uploads')) return listUploads(request);
      return query.get('list-type') === '2' ? listObjectsV2(request) : listObjects(request);
    default:
      return s3Failure('MethodNotAllowed');
  }
}

function ofObject(request: S3Request): Promise<S3Result> | S3Result {
  const { method, query } = request;
  const isCopy = request.headers['x-amz-copy-source'] !== undefined;
  if (query.has('tagging')) return objectTagging(request);
  switch (method) {
    case 'GET':
      if (query.has('attributes')) return getObjectAttributes(request);
      return query.has('uploadId') ? listParts(request) : getObject(request);
    case 'HEAD':
      return getObject(request);
    case 'PUT':
      if (query.has('uploadId')) return isCopy ? uploadPartCopy(request) : uploadPart(request);
      return isCopy ? copyObject(request) : putObject(request);
    case 'POST':
      if (query.has('uploads')) return createUpload(request);
      return query.has('uploadId') ? completeUpload(request) : s3Failure('MethodNotAllowed');
    case 'DELETE':
      return query.has('uploadId') ? abortUpload(request) : deleteObject(request);
    default:
      return s3Failure('MethodNotAllowed');
  }
}
