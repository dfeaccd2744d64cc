import type { QueryParameter } from '../query.js';
import type { RequestHeaders } from '../request-headers.js';
import { headerValue } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import { ALGORITHM, readSignedHeaders } from './canonical-request.js';
import { readAmzDate, readCredential } from './credential.js';
import { readPayloadAnnouncement } from './payload-rule.js';
import type { ReadClaim } from './signature-claim.js';
import { SIGNATURE, SKEW_LIMIT_MS } from './signature-claim.js';

/** The parameters that make a URL a presigned one. */
const REQUIRED = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
] as const;

const EXPIRES_LIMIT_S = 7 * 24 * 60 * 60;

export function isPresigned(parameters: readonly QueryParameter[]): boolean {
  return parameters.some(({ name }) => (REQUIRED as readonly string[]).includes(name));
}

/** Reads what the query of a presigned URL says of its signature. */
export function readQueryClaim(
  headers: RequestHeaders,
  parameters: readonly QueryParameter[],
  nowMs: number,
): ReadClaim {
  const fields = readFields(parameters);
  if (!fields.ok) return fields;
  const { values } = fields;
  if (values['X-Amz-Algorithm'] !== ALGORITHM) {
    return wrong(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const credential = readCredential(values['X-Amz-Credential']);
  if (!credential) {
    return wrong('X-Amz-Credential has to be <access key>/<YYYYMMDD>/<region>/s3/aws4_request');
  }
  const amzDate = values['X-Amz-Date'];
  const signedMs = readAmzDate(amzDate);
  if (signedMs === null) {
    return wrong("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  if (!amzDate.startsWith(credential.date)) {
    return wrong(`Invalid credential date "${credential.date}", X-Amz-Date is "${amzDate}"`);
  }
  const untimely = refuseTime(signedMs, values['X-Amz-Expires'], nowMs);
  if (untimely) return untimely;
  if (!SIGNATURE.test(values['X-Amz-Signature'])) return wrong('X-Amz-Signature is not one');
  const signedHeaders = readSignedHeaders(values['X-Amz-SignedHeaders'], headers);
  if (!signedHeaders.ok) return signedHeaders;
  const payload = headerValue(headers, 'x-amz-content-sha256') ?? fields.payload;
  const announcement = readPayloadAnnouncement(payload);
  if (!announcement.ok) return announcement;
  return {
    ok: true,
    claim: {
      credential,
      amzDate,
      signedHeaders: signedHeaders.names,
      signature: values['X-Amz-Signature'],
      parameters: parameters.filter(({ name }) => name !== 'X-Amz-Signature'),
      payload,
      announcement,
    },
  };
}

function wrong(message: string): S3Failure {
  return s3Failure('AuthorizationQueryParametersError', message);
}

type Fields =
  | {
      readonly ok: true;
      readonly values: Readonly<Record<(typeof REQUIRED)[number], string>>;
      readonly payload: string;
    }
  | S3Failure;

function readFields(parameters: readonly QueryParameter[]): Fields {
  const values = new Map<string, string>();
  for (const { name, value } of parameters) {
    if ((REQUIRED as readonly string[]).includes(name)) {
      if (values.has(name)) return wrong(`${name} is given twice`);
      values.set(name, value);
    }
  }
  if (values.size < REQUIRED.length) {
    return wrong(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, ' +
        'X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  const payload = parameters.find(({ name }) => name.toLowerCase() === 'x-amz-content-sha256');
  return {
    ok: true,
    values: Object.fromEntries(values) as Record<(typeof REQUIRED)[number], string>,
    payload: payload?.value ?? 'UNSIGNED-PAYLOAD',
  };
}

function refuseTime(signedMs: number, expires: string, nowMs: number): S3Failure | null {
  const seconds = /^-?\d{1,10}$/.test(expires) ? Number(expires) : Number.NaN;
  if (Number.isNaN(seconds)) return wrong('X-Amz-Expires should be a number');
  if (seconds < 1) return wrong('X-Amz-Expires must be positive');
  if (seconds > EXPIRES_LIMIT_S) {
    return wrong('X-Amz-Expires must be less than a week (in seconds); that is, at most 604800');
  }
  const serverTime = new Date(nowMs).toISOString();
  if (signedMs - nowMs > SKEW_LIMIT_MS) {
    return s3Failure('AccessDenied', 'Request is not valid yet', { ServerTime: serverTime });
  }
  const expiresMs = signedMs + seconds * 1000;
  if (nowMs < expiresMs) return null;
  return s3Failure('AccessDenied', 'Request has expired', {
    'X-Amz-Expires': expires,
    Expires: new Date(expiresMs).toISOString(),
    ServerTime: serverTime,
  });
}
