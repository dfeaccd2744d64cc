import type { OpenedFile } from '../../../site/file-service.js';
import { permitsFile } from '../../../site/access/rights.js';
import { judgeCopyConditions } from '../read-conditions.js';
import { readCopySource } from '../copy-source.js';
import { validatorsOf } from '../object-fields.js';
import { readCopyRange } from '../object-range.js';
import { versionIdOf } from '../object-versions.js';
import { headerValue } from '../request-headers.js';
import { keyFault } from '../resource.js';
import { type S3Failure, s3Failure } from '../s3-error.js';
import { denied, readRefused, type S3Request } from '../s3-request.js';
import { findObject } from './find-object.js';

export interface CopySource {
  readonly ok: true;
  readonly opened: OpenedFile;
  /** For a part out of an object; all of it when not given. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  readonly versionHeaders: string[];
}

/** The object that a copy is made of, if the caller may read it and its conditions hold. */
export async function openCopySource(request: S3Request): Promise<CopySource | S3Failure> {
  const { service, caller, headers } = request;
  const source = readCopySource(headerValue(headers, 'x-amz-copy-source') ?? '');
  if (!source.ok) return source;
  const { bucket, key, versionId } = source;
  const fault = keyFault(key);
  if (fault !== null) return fault;
  const state = await service.bucket(bucket);
  const isPermitted = permitsFile(caller.rights, bucket, key, 'read');
  if (!state.ok) return isPermitted ? readRefused(state) : denied();
  if (!isPermitted && !state.settings.anonymousRead) return denied();
  const found = await findObject({ service, key }, state, versionId);
  if (!found.ok) {
    return found.code === 'MethodNotAllowed'
      ? s3Failure('InvalidRequest', 'The source of a copy request may not be a delete marker.')
      : found;
  }
  const { file } = found;
  const judged = judgeCopyConditions(headers, validatorsOf(file));
  if (judged !== 'holds') return judged;
  const range = readCopyRange(headers, file.content?.size ?? 0);
  if (!range.ok) return range;
  const isVersioned = state.settings.versioning !== 'off';
  return {
    ok: true,
    opened: found,
    range: range.range ?? undefined,
    versionHeaders: isVersioned ? ['x-amz-copy-source-version-id', versionIdOf(file)] : [],
  };
}
