import { canonicalRequest, stringToSign } from './signature/canonical-request.js';
import { formatAmzDate, readCredential } from './signature/credential.js';
import { deriveSigningKey, hmac } from './signature/signing-keys.js';
import { readS3Query } from './query.js';

/** A request as it goes over the wire; the body is not part of what is signed. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** For tests: as a client would sign it that signs every header it sends. */
export function signed(asked: Asked, key: SigningKey): Asked {
  const { method, path, query = '', headers = {} } = asked;
  const amzDate = formatAmzDate(Date.now());
  const payload = headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD';
  const all: Record<string, string> = {
    ...headers,
    host: 'x',
    'x-amz-date': amzDate,
    'x-amz-content-sha256': payload,
  };
  const names = Object.keys(all).sort();
  const credential = `${key.accessKeyId}/${amzDate.slice(0, 8)}/lon/s3/aws4_request`;
  const parameters = readS3Query(query);
  const request = { method, rawPath: path, rawQuery: query, headers: all };
  const canonical = canonicalRequest(
    request,
    parameters.ok ? parameters.parameters : [],
    names,
    payload,
  );
  const { scope } = readCredential(credential)!;
  const signingKey = deriveSigningKey(key.secretAccessKey, readCredential(credential)!);
  const text = stringToSign(amzDate, scope, canonical.ok ? canonical.text : '');
  const signature = hmac(signingKey, text).toString('hex');
  const authorization =
    `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names.join(';')},` +
    `Signature=${signature}`;
  return { ...asked, headers: { ...all, authorization } };
}
