import type { S3Failure } from '../s3-error.js';
import { invalidArgument, s3Failure } from '../s3-error.js';
import type { SecretOf } from '../signature/authenticate.js';
import { ALGORITHM } from '../signature/canonical-request.js';
import { readAmzDate, readCredential } from '../signature/credential.js';
import { SIGNATURE, SKEW_LIMIT_MS } from '../signature/signature-claim.js';
import { isSameSecret } from '../../../site/access/secret-comparison.js';
import { hmac, SigningKeys } from '../signature/signing-keys.js';
import type { SizeRange } from './post-policy.js';
import { judgePostPolicy, readPostPolicy } from './post-policy.js';

/** How long a signing key is good for. */
const AGE_LIMIT_MS = 7 * 24 * 60 * 60 * 1000;

export type PostAuthentication =
  | {
      readonly ok: true;
      /** null: the form has no policy, so nobody vouches for it. */
      readonly accessKeyId: string | null;
      readonly sizeRange: SizeRange | null;
    }
  | S3Failure;

/** Tells who signed the policy of a form, and whether the form fits it. */
export class PostAuthenticator {
  readonly #secretOf: SecretOf;
  readonly #signingKeys = new SigningKeys();

  constructor(secretOf: SecretOf) {
    this.#secretOf = secretOf;
  }

  /** `fields` as judgePostPolicy takes them; `nowMs` is wall-clock time. */
  async authenticate(
    fields: ReadonlyMap<string, string>,
    nowMs: number,
  ): Promise<PostAuthentication> {
    if (fields.has('awsaccesskeyid') || fields.has('signature')) {
      return s3Failure(
        'InvalidRequest',
        `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
      );
    }
    if (fields.has('x-amz-security-token')) {
      return s3Failure('InvalidToken', 'There are no temporary credentials, only access keys.');
    }
    const policy = fields.get('policy');
    if (policy === undefined) {
      return fields.has('x-amz-signature')
        ? missing('policy')
        : { ok: true, accessKeyId: null, sizeRange: null };
    }
    const signer = await this.#signer(policy, fields, nowMs);
    if (!signer.ok) return signer;
    const read = readPostPolicy(policy);
    if (!read.ok) return read;
    const refused = judgePostPolicy(read.policy, fields, nowMs);
    return refused ?? { ok: true, accessKeyId: signer.id, sizeRange: read.policy.sizeRange };
  }

  async #signer(
    policy: string,
    fields: ReadonlyMap<string, string>,
    nowMs: number,
  ): Promise<{ readonly ok: true; readonly id: string } | S3Failure> {
    const names = ['x-amz-algorithm', 'x-amz-credential', 'x-amz-date', 'x-amz-signature'];
    const absent = names.find((name) => !fields.has(name));
    if (absent !== undefined) return missing(absent);
    const [algorithm, credentialText, amzDate, signature] = names.map((name) => fields.get(name)!);
    if (algorithm !== ALGORITHM) {
      return invalidArgument(`It has to be ${ALGORITHM}.`, 'x-amz-algorithm', algorithm!);
    }
    const credential = readCredential(credentialText!);
    const signedMs = readAmzDate(amzDate!);
    if (!credential || signedMs === null || !amzDate!.startsWith(credential.date)) {
      return invalidArgument(
        'The Credential is not <access key>/<YYYYMMDD>/<region>/s3/aws4_request of x-amz-date.',
        'x-amz-credential',
        credentialText!,
      );
    }
    if (signedMs - nowMs > SKEW_LIMIT_MS) return s3Failure('RequestTimeTooSkewed');
    if (nowMs - signedMs > AGE_LIMIT_MS) {
      return s3Failure('AccessDenied', 'Invalid according to Policy: signed more than a week ago.');
    }
    const { accessKeyId } = credential;
    const secret = await this.#secretOf(accessKeyId);
    if (secret === null)
      return s3Failure('InvalidAccessKeyId', undefined, { AWSAccessKeyId: accessKeyId });
    if (typeof secret !== 'string') return secret;
    const signingKey = this.#signingKeys.keyFor(credential, secret);
    const expected = hmac(signingKey, policy).toString('hex');
    if (!SIGNATURE.test(signature!) || !isSameSecret(signature!, expected)) {
      return s3Failure('SignatureDoesNotMatch', undefined, { AWSAccessKeyId: accessKeyId });
    }
    this.#signingKeys.keep(credential, secret, signingKey);
    return { ok: true, id: accessKeyId };
  }
}

function missing(field: string): S3Failure {
  return invalidArgument(`Bucket POST must contain a field named '${field}'.`, field, '');
}
