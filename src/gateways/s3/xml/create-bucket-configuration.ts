import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import { readChildren, readRoot } from './xml-shape.js';

export type CreateBucketConfiguration =
  | {
      readonly ok: true;
      /** '' when none is given. */
      readonly locationConstraint: string;
    }
  | S3Failure;

export const CREATE_BUCKET_LIMIT_BYTES = 8 * 1024;

/** The body of CreateBucket, which may be empty. */
export function readCreateBucketConfiguration(bytes: Uint8Array): CreateBucketConfiguration {
  if (bytes.byteLength === 0) return { ok: true, locationConstraint: '' };
  const document = readRoot(bytes, 'CreateBucketConfiguration');
  if (!document.ok) return document;
  const children = readChildren(document.root, {
    LocationConstraint: 'optional',
    Location: 'optional',
    Bucket: 'optional',
    Tags: 'optional',
  });
  if (!children.ok) return children;
  if (children.first('Location') || children.first('Bucket')) {
    return s3Failure('NotImplemented', 'Directory buckets are not implemented');
  }
  if ((children.first('Tags')?.children.length ?? 0) > 0) {
    return s3Failure('NotImplemented', 'Tags at the creation of a bucket are not implemented');
  }
  return { ok: true, locationConstraint: (children.text('LocationConstraint') ?? '').trim() };
}
