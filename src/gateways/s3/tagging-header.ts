import { readS3Query } from './query.js';
import { invalidArgument } from './s3-error.js';
import type { Tags } from './tags.js';
import { checkTags, OBJECT_TAG_LIMIT } from './tags.js';

/** Reads `x-amz-tagging`, tags in the form of a query; none when there is no header. */
export function readTaggingHeader(value: string | undefined): Tags {
  if (value === undefined) return { ok: true, tags: [] };
  const query = readS3Query(value);
  const names = query.ok ? query.parameters.map(({ name }) => name) : [];
  if (!query.ok || new Set(names).size < names.length) {
    return invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters " +
        'without tag name duplicates.',
      'x-amz-tagging',
      value,
    );
  }
  const tags = query.parameters.map(({ name, value: tagValue }) => ({
    key: name,
    value: tagValue,
  }));
  return checkTags(tags, OBJECT_TAG_LIMIT);
}
