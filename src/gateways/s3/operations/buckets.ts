import { randomUUID } from 'node:crypto';
import { permits, permitsSome } from '../../../site/access/rights.js';
import { FIELD } from '../object-fields.js';
import { writeOwner } from '../owner.js';
import { emptyAnswer, type S3Result, xmlAnswer } from '../s3-answer.js';
import { s3Failure } from '../s3-error.js';
import { denied, openBucket, readRefused, type S3Request, writeRefused } from '../s3-request.js';
import {
  CREATE_BUCKET_LIMIT_BYTES,
  readCreateBucketConfiguration,
} from '../xml/create-bucket-configuration.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { receiveDocument } from './document-body.js';

/** The one region there is: every site has every bucket. Clients may sign for any. */
export const REGION = 'us-east-1';

/** GET /: the buckets in which the caller may read anything. */
export async function listBuckets({ service, caller }: S3Request): Promise<S3Result> {
  const listed = await service.listBuckets();
  if (!listed.ok) return readRefused(listed);
  const writer = new XmlWriter('ListAllMyBucketsResult');
  writeOwner(writer);
  writer.open('Buckets');
  for (const { name, createdMs } of listed.buckets) {
    if (!permitsSome(caller.rights, name, 'read')) continue;
    writer.open('Bucket').element('Name', name);
    writer.element('CreationDate', new Date(createdMs).toISOString()).close();
  }
  return xmlAnswer(writer.end());
}

export async function headBucket(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'read', 'some');
  return bucket.ok ? emptyAnswer(200, ['x-amz-bucket-region', REGION]) : bucket;
}

/** PUT: makes a bucket. One that the caller owns already is there, which is what was wanted. */
export async function createBucket(request: S3Request): Promise<S3Result> {
  const { service, bucket, caller } = request;
  if (!permits(caller.rights, bucket, 'owner')) return denied();
  const bytes = await receiveDocument(request, CREATE_BUCKET_LIMIT_BYTES);
  if ('ok' in bytes) return bytes;
  if (bytes.length > 0) {
    const configuration = readCreateBucketConfiguration(bytes);
    if (!configuration.ok) return configuration;
  }
  const outcome = await service.createBucket(bucket, {
    requestId: randomUUID(),
    owner: caller.keyId,
  });
  if (outcome.outcome === 'committed') return emptyAnswer(200, ['Location', `/${bucket}`]);
  if (outcome.outcome === 'rejected' && outcome.reason === 'bucket_exists') {
    return s3Failure('BucketAlreadyOwnedByYou', undefined, { BucketName: bucket });
  }
  return writeRefused(outcome);
}

export async function deleteBucket(request: S3Request): Promise<S3Result> {
  const { service } = request;
  const bucket = await openBucket(request, 'owner');
  if (!bucket.ok) return bucket;
  // Versions that are left keep an object's name: they would come back with the bucket.
  const left = await service.list({ bucket: bucket.name, limit: 1, deleted: true });
  if (!left.ok) return readRefused(left);
  const isVersioned = bucket.settings.versioning !== 'off';
  if (isVersioned && left.files.some(({ metadata }) => metadata[FIELD.erased] === undefined)) {
    return s3Failure(
      'BucketNotEmpty',
      'The bucket still has versions of objects. Delete them too.',
    );
  }
  const outcome = await service.removeBucket(bucket.name, { requestId: randomUUID() });
  return outcome.outcome === 'committed' ? emptyAnswer(204) : writeRefused(outcome);
}
