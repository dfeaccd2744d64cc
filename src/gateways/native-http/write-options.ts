import type { IncomingHttpHeaders } from 'node:http';
import type { WriteOptions } from '../../site/file-service.js';
import { CONTENT_TYPE_KEY, METADATA_LIMIT_BYTES, USER_METADATA_PREFIX } from '../file-metadata.js';
import { newRequestId, readRequestId } from '../../site/telemetry/request-trace.js';
import { readConditions } from './conditions.js';
import type { Exchange } from './exchange.js';
import type { Refusal } from './problem.js';
import { refusal } from './problem.js';

const SINCE = /^[\x21-\x7e]{1,2048}$/;
const METADATA_HEADER = 'quorate-meta-';

export type ReadWriteOptions =
  | { readonly ok: true; readonly options: WriteOptions & { readonly requestId: string } }
  | Refusal;

/**
 * Conditions, request id and session token of a write; with its metadata where asked for. Without an
 * Idempotency-Key the id is one made here: whoever names a request for its logs does not say that
 * another one of that name is the same write.
 */
export function readWriteOptions(
  { request: { headers }, requestId }: Pick<Exchange, 'request' | 'requestId'>,
  withMetadata: boolean,
): ReadWriteOptions {
  const conditions = readConditions(headers);
  if (!conditions.ok) return conditions;
  const key = headers['idempotency-key'];
  const since = headers['quorate-since'];
  if (key !== undefined && readRequestId(key) === undefined) {
    return refusal('invalid_header', 'Idempotency-Key has to be 1 to 128 visible ASCII characters');
  }
  if (since !== undefined && !SINCE.test(String(since))) {
    return refusal('invalid_header', 'Quorate-Since has to be a token of /v1/position');
  }
  const metadata = withMetadata ? readMetadata(headers) : undefined;
  if (metadata && !metadata.ok) return metadata;
  return {
    ok: true,
    options: {
      ...conditions.conditions,
      requestId: key === undefined ? madeId(headers, requestId) : String(key),
      ...(since !== undefined && { since: String(since) }),
      ...(metadata && { metadata: metadata.metadata }),
    },
  };
}

function madeId(headers: IncomingHttpHeaders, requestId: string): string {
  return headers['quorate-request-id'] === undefined ? requestId : newRequestId();
}

type ReadMetadata = { readonly ok: true; readonly metadata: Record<string, string> } | Refusal;

function readMetadata(headers: IncomingHttpHeaders): ReadMetadata {
  const metadata: Record<string, string> = {};
  let size = 0;
  const keep = (key: string, value: string): void => {
    metadata[key] = value;
    size += key.length + Buffer.byteLength(value);
  };
  const contentType = headers['content-type'];
  if (contentType !== undefined) keep(CONTENT_TYPE_KEY, contentType);
  for (const header in headers) {
    if (!header.startsWith(METADATA_HEADER)) continue;
    keep(`${USER_METADATA_PREFIX}${header.slice(METADATA_HEADER.length)}`, String(headers[header]));
  }
  if (size > METADATA_LIMIT_BYTES) {
    return refusal('invalid_header', `metadata is longer than ${METADATA_LIMIT_BYTES} bytes`);
  }
  return { ok: true, metadata };
}
