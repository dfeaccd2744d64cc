import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';

/** What the signatures of an aws-chunked body are computed from. */
export interface ChunkSigning {
  readonly signingKey: Buffer;
  /** The signature of the request itself, with which the chain of signatures begins. */
  readonly seedSignature: string;
  /** `YYYYMMDDTHHMMSSZ` of the request. */
  readonly amzDate: string;
  readonly scope: string;
}

/** What the body of a request has to be like. */
export type PayloadRule =
  /** Any bytes. */
  | { readonly kind: 'unsigned' }
  /** The bytes with this SHA-256, in lower-case hexadecimal. */
  | { readonly kind: 'sha256'; readonly sha256: string }
  /** An aws-chunked body: signed chunk by chunk, or not; with trailers, or not. */
  | { readonly kind: 'chunked'; readonly signing: ChunkSigning | null; readonly trailer: boolean };

/** `x-amz-content-sha256`, understood. */
export type PayloadAnnouncement =
  | { readonly ok: true; readonly kind: 'unsigned' | 'signed-chunks' | 'signed-chunks-trailer' }
  | { readonly ok: true; readonly kind: 'unsigned-chunks-trailer' }
  | { readonly ok: true; readonly kind: 'sha256'; readonly sha256: string }
  | S3Failure;

const SHA256 = /^[0-9a-fA-F]{64}$/;

export function readPayloadAnnouncement(value: string): PayloadAnnouncement {
  switch (value) {
    case 'UNSIGNED-PAYLOAD':
      return { ok: true, kind: 'unsigned' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { ok: true, kind: 'signed-chunks' };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { ok: true, kind: 'signed-chunks-trailer' };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { ok: true, kind: 'unsigned-chunks-trailer' };
    default:
  }
  if (SHA256.test(value)) return { ok: true, kind: 'sha256', sha256: value.toLowerCase() };
  if (value.startsWith('STREAMING-AWS4-ECDSA-P256-SHA256-')) {
    return s3Failure('NotImplemented', 'Signature Version 4A is not implemented');
  }
  return invalidArgument(
    'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, ' +
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid ' +
      'sha256 value.',
    'x-amz-content-sha256',
    value,
  );
}

/** The rule that an announcement makes; `signing` is null for requests without a signature. */
export function payloadRule(
  announcement: Exclude<PayloadAnnouncement, S3Failure>,
  signing: ChunkSigning | null,
): { readonly ok: true; readonly rule: PayloadRule } | S3Failure {
  switch (announcement.kind) {
    case 'unsigned':
      return { ok: true, rule: { kind: 'unsigned' } };
    case 'sha256':
      return { ok: true, rule: { kind: 'sha256', sha256: announcement.sha256 } };
    case 'unsigned-chunks-trailer':
      return { ok: true, rule: { kind: 'chunked', signing: null, trailer: true } };
    case 'signed-chunks':
    case 'signed-chunks-trailer': {
      if (!signing) {
        return s3Failure('InvalidRequest', 'Signed chunks need a request that is signed itself.');
      }
      const trailer = announcement.kind === 'signed-chunks-trailer';
      return { ok: true, rule: { kind: 'chunked', signing, trailer } };
    }
  }
}
