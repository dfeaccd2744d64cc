import type { IncomingMessage } from 'node:http';
import type { FlatHeaders } from '../http-exchange.js';
import { emptyAnswer, type S3Result } from './s3-answer.js';
import { s3Failure } from './s3-error.js';

/** OPTIONS: needs no signature, as browsers send none. */
export function preflight({ headers }: IncomingMessage, allowed: FlatHeaders): S3Result {
  if (headers.origin === undefined || headers['access-control-request-method'] === undefined) {
    const message = 'Insufficient information. Origin request header needed.';
    return s3Failure('BadRequest', message);
  }
  if (allowed.length > 0) return emptyAnswer(200);
  return s3Failure('AccessDenied', 'CORSResponse: This CORS request is not allowed.');
}
