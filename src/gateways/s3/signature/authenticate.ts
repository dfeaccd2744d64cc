import { readS3Query } from '../query.js';
import type { QueryParameter } from '../query.js';
import { headerValue } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';
import { readHeaderClaim } from './authorization-header.js';
import type { SignedRequest } from './canonical-request.js';
import { canonicalRequest, stringToSign } from './canonical-request.js';
import type { PayloadRule } from './payload-rule.js';
import { payloadRule, readPayloadAnnouncement } from './payload-rule.js';
import { isPresigned, readQueryClaim } from './presigned-url.js';
import type { SignatureClaim } from './signature-claim.js';
import { isSameSecret } from '../../../site/access/secret-comparison.js';
import { hmac, SigningKeys } from './signing-keys.js';

export type Authentication =
  | {
      readonly ok: true;
      /** null: the request is anonymous. */
      readonly accessKeyId: string | null;
      /** What the body has still to be judged by. */
      readonly payload: PayloadRule;
    }
  | S3Failure;

/** The secret of an access key, null when there is no such key, or why that cannot be told now. */
export type SecretOf = (accessKeyId: string) => Promise<string | null | S3Failure>;

/** Tells who sent a request, by Signature V4 in its headers or in its query, and nothing else. */
export class Authenticator {
  readonly #secretOf: SecretOf;
  readonly #signingKeys = new SigningKeys();

  constructor(secretOf: SecretOf) {
    this.#secretOf = secretOf;
  }

  /**
   * `nowMs` is wall-clock time: clients may be off by 15 minutes. `secretOf` is asked at most once.
   */
  async authenticate(
    request: SignedRequest,
    nowMs: number,
    secretOf: SecretOf = this.#secretOf,
  ): Promise<Authentication> {
    const query = readS3Query(request.rawQuery);
    if (!query.ok) return query;
    const { parameters } = query;
    const authorization = headerValue(request.headers, 'authorization');
    const presigned = isPresigned(parameters);
    const refused = refuseMechanism(request, parameters, presigned);
    if (refused) return refused;
    if (authorization === undefined && !presigned) return anonymous(request);
    const read =
      authorization === undefined
        ? readQueryClaim(request.headers, parameters, nowMs)
        : readHeaderClaim(authorization, request.headers, parameters, nowMs);
    return read.ok ? this.#judge(request, read.claim, secretOf) : read;
  }

  async #judge(
    request: SignedRequest,
    claim: SignatureClaim,
    secretOf: SecretOf,
  ): Promise<Authentication> {
    const { credential, amzDate, signature } = claim;
    const canonical = canonicalRequest(
      request,
      claim.parameters,
      claim.signedHeaders,
      claim.payload,
    );
    if (!canonical.ok) return canonical;
    const { accessKeyId, scope } = credential;
    const secret = await secretOf(accessKeyId);
    if (secret === null) {
      return s3Failure('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKeyId });
    }
    if (typeof secret !== 'string') return secret;
    const toSign = stringToSign(amzDate, scope, canonical.text);
    const signingKey = this.#signingKeys.keyFor(credential, secret);
    if (!isSameSecret(signature, hmac(signingKey, toSign).toString('hex'))) {
      return s3Failure('SignatureDoesNotMatch', undefined, {
        AWSAccessKeyId: accessKeyId,
        StringToSign: toSign,
        SignatureProvided: signature,
        CanonicalRequest: canonical.text,
      });
    }
    this.#signingKeys.keep(credential, secret, signingKey);
    const signing = { signingKey, seedSignature: signature, amzDate, scope };
    const payload = payloadRule(claim.announcement, signing);
    return payload.ok ? { ok: true, accessKeyId, payload: payload.rule } : payload;
  }
}

function anonymous({ headers }: SignedRequest): Authentication {
  const announced = headerValue(headers, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  const announcement = readPayloadAnnouncement(announced);
  if (!announcement.ok) return announcement;
  const payload = payloadRule(announcement, null);
  return payload.ok ? { ok: true, accessKeyId: null, payload: payload.rule } : payload;
}

/** Refuses ways of signing that are not Signature V4 with a key of this cluster. */
function refuseMechanism(
  { headers }: SignedRequest,
  parameters: readonly QueryParameter[],
  presigned: boolean,
): S3Failure | null {
  const names = new Set(parameters.map(({ name }) => name));
  const presignedV2 = names.has('AWSAccessKeyId') && names.has('Signature');
  const authorization = headerValue(headers, 'authorization');
  if (authorization !== undefined && (presigned || presignedV2)) {
    return invalidArgument(
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query ' +
        'string parameter or the Authorization header should be specified',
      'Authorization',
      authorization,
    );
  }
  if (presignedV2) {
    return s3Failure(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use ' +
        'AWS4-HMAC-SHA256.',
    );
  }
  const token = [...names].find((name) => name.toLowerCase() === 'x-amz-security-token');
  if (token !== undefined || headers['x-amz-security-token'] !== undefined) {
    return s3Failure(
      'InvalidToken',
      'The provided token is not valid here: there are no temporary credentials, only access keys.',
    );
  }
  return null;
}
