import type { QueryParameter } from '../query.js';
import type { RequestHeaders } from '../request-headers.js';
import { headerValue } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';
import { ALGORITHM, readSignedHeaders } from './canonical-request.js';
import { formatAmzDate, readAmzDate, readCredential } from './credential.js';
import { readPayloadAnnouncement } from './payload-rule.js';
import type { ReadClaim } from './signature-claim.js';
import { refuseSkew, SIGNATURE } from './signature-claim.js';

/** Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` and what belongs to it. */
export function readHeaderClaim(
  authorization: string,
  headers: RequestHeaders,
  parameters: readonly QueryParameter[],
  nowMs: number,
): ReadClaim {
  const fields = readFields(authorization);
  if (!fields.ok) return fields;
  const credential = readCredential(fields.credential);
  if (!credential) {
    return malformed('the Credential is not <access key>/<YYYYMMDD>/<region>/s3/aws4_request');
  }
  if (!SIGNATURE.test(fields.signature)) return malformed('the Signature is not one');
  const date = readRequestDate(headers);
  if (!date.ok) return date;
  const skewed = refuseSkew(date.milliseconds, date.amzDate, nowMs);
  if (skewed) return skewed;
  if (!date.amzDate.startsWith(credential.date)) {
    return malformed(
      `Invalid credential date "${credential.date}". This date is not the same as X-Amz-Date: ` +
        `"${date.amzDate.slice(0, 8)}"`,
    );
  }
  const signedHeaders = readSignedHeaders(fields.signedHeaders, headers);
  if (!signedHeaders.ok) return signedHeaders;
  const payload = headerValue(headers, 'x-amz-content-sha256');
  if (payload === undefined) {
    return s3Failure(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  const announcement = readPayloadAnnouncement(payload);
  if (!announcement.ok) return announcement;
  return {
    ok: true,
    claim: {
      credential,
      amzDate: date.amzDate,
      signedHeaders: signedHeaders.names,
      signature: fields.signature,
      parameters,
      payload,
      announcement,
    },
  };
}

function malformed(why: string): S3Failure {
  return s3Failure('AuthorizationHeaderMalformed', `The authorization header is malformed; ${why}`);
}

type Fields =
  | {
      readonly ok: true;
      readonly credential: string;
      readonly signedHeaders: string;
      readonly signature: string;
    }
  | S3Failure;

function readFields(authorization: string): Fields {
  const [, scheme = '', rest = ''] = /^(\S*)(.*)$/s.exec(authorization) ?? [];
  if (scheme === 'AWS' || scheme === 'AWS4-ECDSA-P256-SHA256') {
    return s3Failure(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use ' +
        `${ALGORITHM}.`,
    );
  }
  if (scheme !== ALGORITHM) {
    return invalidArgument('Unsupported Authorization Type', 'Authorization', scheme);
  }
  const values = new Map<string, string>();
  for (const part of rest.split(',', 4)) {
    const [, name, value] = /^\s*(Credential|SignedHeaders|Signature)=(\S+)\s*$/.exec(part) ?? [];
    if (name === undefined || value === undefined || values.has(name)) {
      return malformed('it has to be Credential=…, SignedHeaders=…, Signature=…');
    }
    values.set(name, value);
  }
  const credential = values.get('Credential');
  const signedHeaders = values.get('SignedHeaders');
  const signature = values.get('Signature');
  if (credential === undefined) return malformed('missing Credential.');
  if (signedHeaders === undefined) return malformed('missing SignedHeaders.');
  if (signature === undefined) return malformed('missing Signature.');
  return { ok: true, credential, signedHeaders, signature };
}

type RequestDate =
  | { readonly ok: true; readonly amzDate: string; readonly milliseconds: number }
  | S3Failure;

const HTTP_DATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|\+0000)$/;

/** When the request was signed: `x-amz-date`, or else `date` in either of its forms. */
function readRequestDate(headers: RequestHeaders): RequestDate {
  const given = headerValue(headers, 'x-amz-date') ?? headerValue(headers, 'date') ?? '';
  const milliseconds = HTTP_DATE.test(given) ? Date.parse(given) : readAmzDate(given);
  if (milliseconds !== null && !Number.isNaN(milliseconds)) {
    return { ok: true, amzDate: formatAmzDate(milliseconds), milliseconds };
  }
  return s3Failure('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
}
