import { createHash, createHmac } from 'node:crypto';
import { formatAmzDate } from '../gateways/s3/signature/credential.js';
import { deriveSigningKey } from '../gateways/s3/signature/signing-keys.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secret: string;
}

const REGION = 'us-east-1';
const PAYLOAD = 'UNSIGNED-PAYLOAD';

/** Signs requests of one moment with Signature V4, without their bodies. */
export class S3Signer {
  private readonly amzDate: string;
  private readonly scope: string;
  private readonly signingKey: Buffer;

  constructor(
    private readonly credentials: S3Credentials,
    nowMs: number,
  ) {
    const { accessKeyId, secret } = credentials;
    this.amzDate = formatAmzDate(nowMs);
    const date = this.amzDate.slice(0, 8);
    this.scope = `${date}/${REGION}/s3/aws4_request`;
    this.signingKey = deriveSigningKey(secret, {
      accessKeyId,
      date,
      region: REGION,
      scope: this.scope,
    });
  }

  /** Header names and values in turns. `query` as it is sent, sorted, each name with its `=`. */
  headers(method: string, host: string, path: string, query = ''): string[] {
    const names = 'host;x-amz-content-sha256;x-amz-date';
    const canonical =
      `${method}\n${path}\n${query}\nhost:${host}\nx-amz-content-sha256:${PAYLOAD}\n` +
      `x-amz-date:${this.amzDate}\n\n${names}\n${PAYLOAD}`;
    const hash = createHash('sha256').update(canonical).digest('hex');
    const text = `AWS4-HMAC-SHA256\n${this.amzDate}\n${this.scope}\n${hash}`;
    const signature = createHmac('sha256', this.signingKey).update(text).digest('hex');
    const credential = `${this.credentials.accessKeyId}/${this.scope}`;
    return [
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
      'x-amz-content-sha256',
      PAYLOAD,
      'x-amz-date',
      this.amzDate,
    ];
  }
}
