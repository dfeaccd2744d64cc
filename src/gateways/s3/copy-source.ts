import { percentDecode } from '../raw-target.js';
import type { S3Failure } from './s3-error.js';
import { invalidArgument, s3Failure } from './s3-error.js';

export type CopySource =
  | {
      readonly ok: true;
      readonly bucket: string;
      readonly key: string;
      readonly versionId?: string;
    }
  | S3Failure;

const NAME = 'x-amz-copy-source';
const VERSION = /\?versionId=([^?&]*)$/;

/**
 * Reads `x-amz-copy-source`: `bucket/key`, percent-encoded, with or without a slash before it and
 * `?versionId=` behind. A `+` is a plus. Whether such a bucket and key can exist is the caller's.
 */
export function readCopySource(value: string): CopySource {
  if (value.startsWith('arn:')) {
    return s3Failure('NotImplemented', 'Access points are not implemented');
  }
  const version = VERSION.exec(value);
  const path = version ? value.slice(0, version.index) : value;
  if (path.includes('?')) {
    return invalidArgument('Invalid copy source encoding: a "?" in a key is %3F', NAME, value);
  }
  const decoded = percentDecode(path);
  const versionId = version ? percentDecode(version[1]!) : undefined;
  if (!decoded.ok || versionId?.ok === false) {
    return invalidArgument('Invalid copy source encoding.', NAME, value);
  }
  const [, bucket, key] = /^\/?([^/]+)\/(.+)$/s.exec(decoded.text) ?? [];
  if (bucket === undefined || key === undefined) {
    return invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      NAME,
      value,
    );
  }
  if (versionId?.text === '') {
    return invalidArgument('Version id cannot be the empty string', 'versionId', '');
  }
  return { ok: true, bucket, key, ...(versionId && { versionId: versionId.text }) };
}

export type Directive = { readonly ok: true; readonly directive: 'COPY' | 'REPLACE' } | S3Failure;

/** Reads `x-amz-metadata-directive` or `x-amz-tagging-directive`; COPY when there is none. */
export function readDirective(
  name: 'x-amz-metadata-directive' | 'x-amz-tagging-directive',
  value: string | undefined,
): Directive {
  if (value === undefined) return { ok: true, directive: 'COPY' };
  if (value === 'COPY' || value === 'REPLACE') return { ok: true, directive: value };
  const what = name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging';
  return invalidArgument(`Unknown ${what} directive.`, name, value);
}
