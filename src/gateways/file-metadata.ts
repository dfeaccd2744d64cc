/*
 * How gateways keep what they know of a file beside its bytes, so that what one of them stores the
 * others show: `content-type` is its media type, `meta:<name>` (lower case) is the user's own. The
 * other headers that describe content are kept under their own names.
 */

export const CONTENT_TYPE_KEY = 'content-type';
/** Headers that are kept as they came and given back with the content, under these keys. */
export const CONTENT_HEADER_KEYS = [
  CONTENT_TYPE_KEY,
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
] as const;
export const USER_METADATA_PREFIX = 'meta:';
/** Keys and values of one file together, in UTF-8 bytes. */
export const METADATA_LIMIT_BYTES = 8 * 1024;
export const DEFAULT_CONTENT_TYPE = 'application/octet-stream';
