import type { S3Failure } from './s3-error.js';
import { s3Failure } from './s3-error.js';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export type Tags = { readonly ok: true; readonly tags: readonly Tag[] } | S3Failure;

export const OBJECT_TAG_LIMIT = 10;
export const BUCKET_TAG_LIMIT = 50;
const KEY_LIMIT_CHARACTERS = 128;
const VALUE_LIMIT_CHARACTERS = 256;
const LEGAL = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags as S3 allows them, or what it answers to others. */
export function checkTags(tags: readonly Tag[], limit: number): Tags {
  if (tags.length > limit) {
    const what = limit === OBJECT_TAG_LIMIT ? 'Object tags' : 'Bucket tag count';
    return s3Failure('BadRequest', `${what} cannot be greater than ${limit}`);
  }
  const keys = new Set<string>();
  for (const { key, value } of tags) {
    if (key === '' || key.length > KEY_LIMIT_CHARACTERS || !LEGAL.test(key)) {
      return s3Failure('InvalidTag', 'The TagKey you have provided is invalid', { TagKey: key });
    }
    if (key.startsWith('aws:')) {
      return s3Failure('InvalidTag', 'System tags cannot be added/updated by requester');
    }
    if (value.length > VALUE_LIMIT_CHARACTERS || !LEGAL.test(value)) {
      return s3Failure('InvalidTag', 'The TagValue you have provided is invalid', {
        TagKey: key,
        TagValue: value,
      });
    }
    if (keys.has(key)) {
      return s3Failure('InvalidTag', 'Cannot provide multiple Tags with the same key', {
        TagKey: key,
      });
    }
    keys.add(key);
  }
  return { ok: true, tags };
}
