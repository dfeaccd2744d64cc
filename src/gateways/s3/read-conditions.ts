import { readEntityTags, tagsName } from './entity-tags.js';
import { readHttpDate } from './http-date.js';
import type { RequestHeaders } from './request-headers.js';
import { headerValue } from './request-headers.js';
import type { S3Failure } from './s3-error.js';
import { s3Failure } from './s3-error.js';

/** What conditions are judged against. */
export interface Validators {
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
}

type Judgement = 'holds' | 'not_modified' | S3Failure;

/**
 * Judges the conditions of GET and HEAD. As in S3 and HTTP, an ETag goes before a date: where
 * If-Match is given, If-Unmodified-Since says nothing, and with If-None-Match If-Modified-Since
 * says nothing. Dates that are none are not looked at.
 */
export function judgeReadConditions(headers: RequestHeaders, current: Validators): Judgement {
  return judge(headers, '', current);
}

/** The same for `x-amz-copy-source-if-…` of a copy, where there is no 304. */
export function judgeCopyConditions(
  headers: RequestHeaders,
  source: Validators,
): 'holds' | S3Failure {
  const judgement = judge(headers, 'x-amz-copy-source-', source);
  return judgement === 'not_modified' ? failed('x-amz-copy-source-If-None-Match') : judgement;
}

function judge(headers: RequestHeaders, prefix: string, current: Validators): Judgement {
  // Last-Modified has no fractions of seconds.
  const modifiedMs = Math.floor(current.modifiedMs / 1000) * 1000;
  const match = headerValue(headers, `${prefix}if-match`);
  const unmodifiedSince = headerValue(headers, `${prefix}if-unmodified-since`);
  if (match !== undefined) {
    if (!tagsName(readEntityTags(match), current.etag, true)) return failed(`${prefix}If-Match`);
  } else if (unmodifiedSince !== undefined) {
    const date = readHttpDate(unmodifiedSince);
    if (date !== null && modifiedMs > date) return failed(`${prefix}If-Unmodified-Since`);
  }
  const noneMatch = headerValue(headers, `${prefix}if-none-match`);
  const modifiedSince = headerValue(headers, `${prefix}if-modified-since`);
  if (noneMatch !== undefined) {
    if (tagsName(readEntityTags(noneMatch), current.etag, false)) return 'not_modified';
  } else if (modifiedSince !== undefined) {
    const date = readHttpDate(modifiedSince);
    if (date !== null && modifiedMs <= date) return 'not_modified';
  }
  return 'holds';
}

function failed(condition: string): S3Failure {
  return s3Failure('PreconditionFailed', undefined, { Condition: condition });
}
