import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { QueryParameter } from '../query.js';
import type { Credential } from './credential.js';
import type { PayloadAnnouncement } from './payload-rule.js';

/** What a request says of its signature, read but not yet believed. */
export interface SignatureClaim {
  readonly credential: Credential;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly amzDate: string;
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
  /** The parameters that the signature covers. */
  readonly parameters: readonly QueryParameter[];
  /** The last line of the canonical request. */
  readonly payload: string;
  readonly announcement: Exclude<PayloadAnnouncement, S3Failure>;
}

export type ReadClaim = { readonly ok: true; readonly claim: SignatureClaim } | S3Failure;

/** How far a client's clock may be off. */
export const SKEW_LIMIT_MS = 15 * 60 * 1000;

export const SIGNATURE = /^[0-9a-f]{64}$/;

export function refuseSkew(requestMs: number, amzDate: string, nowMs: number): S3Failure | null {
  if (Math.abs(nowMs - requestMs) <= SKEW_LIMIT_MS) return null;
  return s3Failure('RequestTimeTooSkewed', undefined, {
    RequestTime: amzDate,
    ServerTime: new Date(nowMs).toISOString(),
    MaxAllowedSkewMilliseconds: String(SKEW_LIMIT_MS),
  });
}
