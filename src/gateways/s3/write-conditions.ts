import { readEntityTags } from './entity-tags.js';
import type { RequestHeaders } from './request-headers.js';
import { headerValue } from './request-headers.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument, s3Failure } from './s3-error.js';

export type WriteConditions =
  | {
      readonly ok: true;
      /** ETags without quotes, or `*`; as the file service takes them. */
      readonly conditions: {
        readonly ifMatch?: readonly string[];
        readonly ifNoneMatch?: readonly string[];
      };
    }
  | S3Failure;

const ON_READS_ONLY = ['if-modified-since', 'if-unmodified-since'];

/**
 * What has to hold for PUT, CompleteMultipartUpload and DELETE: If-Match and If-None-Match, each
 * with `*` or ETags (S3 itself knows fewer combinations).
 */
export function readWriteConditions(headers: RequestHeaders): WriteConditions {
  const dated = ON_READS_ONLY.find((name) => headers[name] !== undefined);
  if (dated !== undefined) {
    return s3Failure('NotImplemented', undefined, { Header: dated });
  }
  const match = headerValue(headers, 'if-match');
  const noneMatch = headerValue(headers, 'if-none-match');
  const ifMatch = match === undefined ? undefined : readTags(match);
  const ifNoneMatch = noneMatch === undefined ? undefined : readTags(noneMatch);
  if (ifMatch === null) return invalidArgument('Invalid If-Match', 'If-Match', match!);
  if (ifNoneMatch === null) {
    return invalidArgument('Invalid If-None-Match', 'If-None-Match', noneMatch!);
  }
  return {
    ok: true,
    conditions: { ...(ifMatch && { ifMatch }), ...(ifNoneMatch && { ifNoneMatch }) },
  };
}

/** On a write, a condition that cannot be understood must not be taken for one that holds. */
function readTags(value: string): readonly string[] | null {
  const tags = readEntityTags(value);
  const legal = tags.every(({ tag, weak }) => !weak && /^[\x21\x23-\x7e]+$/.test(tag));
  return legal ? tags.map(({ tag }) => tag) : null;
}
