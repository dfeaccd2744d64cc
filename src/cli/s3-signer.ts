import { createHash, createHmac } from 'node:crypto';
import { formatAmzDate } from '../gateways/s3/signature/credential.js';
import { deriveSigningKey } from '../gateways/s3/signature/signing-keys.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secret: string;
}

const REGION = 'us-east-1';
const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** Signs requests of one moment with Signature V4. */
export class S3Signer {
  private readonly amzDate: string;
  private readonly scope: string;
  private readonly signingKey: Buffer;

  constructor(
    private readonly credentials: S3Credentials,
    nowMs: number,
    region = REGION,
  ) {
    const { accessKeyId, secret } = credentials;
    this.amzDate = formatAmzDate(nowMs);
    const date = this.amzDate.slice(0, 8);
    this.scope = `${date}/${region}/s3/aws4_request`;
    this.signingKey = deriveSigningKey(secret, {
      accessKeyId,
      date,
      region,
      scope: this.scope,
    });
  }

  /**
   * Header names and values in turns. `query` as it is sent, sorted, each name with its `=`.
   * `payload`: SHA-256 of the body in hex, or what says that it is not signed.
   */
  headers(method: string, host: string, path: string, query = '', payload = UNSIGNED): string[] {
    const names = 'host;x-amz-content-sha256;x-amz-date';
    const canonical =
      `${method}\n${path}\n${query}\nhost:${host}\nx-amz-content-sha256:${payload}\n` +
      `x-amz-date:${this.amzDate}\n\n${names}\n${payload}`;
    const hash = createHash('sha256').update(canonical).digest('hex');
    const text = `AWS4-HMAC-SHA256\n${this.amzDate}\n${this.scope}\n${hash}`;
    const signature = createHmac('sha256', this.signingKey).update(text).digest('hex');
    const credential = `${this.credentials.accessKeyId}/${this.scope}`;
    return [
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
      'x-amz-content-sha256',
      payload,
      'x-amz-date',
      this.amzDate,
    ];
  }
}
