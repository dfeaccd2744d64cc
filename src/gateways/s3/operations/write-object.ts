import { randomUUID } from 'node:crypto';
import type { Conditions } from '../../../site/file-service.js';
import type { BucketState } from '../../../site/object-service.js';
import type { Content, FileVersion } from '../../service-types.js';
import { FIELD, storeEtag, tagsField } from '../object-fields.js';
import { readObjectMetadata } from '../object-metadata.js';
import { versionIdOf } from '../object-versions.js';
import { headerValue } from '../request-headers.js';
import type { S3Failure } from '../s3-error.js';
import { type S3Request, writeRefused } from '../s3-request.js';
import { readTaggingHeader } from '../tagging-header.js';
import { readWriteConditions } from '../write-conditions.js';

export type Written = { readonly ok: true; readonly file: FileVersion } | S3Failure;

/** Gives stored content the object's name, as the bucket's versioning has it. */
export async function writeObject(
  { service, key }: Pick<S3Request, 'service' | 'key'>,
  bucket: BucketState,
  content: Content,
  metadata: Readonly<Record<string, string>>,
  options: Conditions & { readonly requestId?: string } = {},
): Promise<Written> {
  const { [FIELD.version]: _version, [FIELD.modified]: _modified, ...fields } = metadata;
  const isVersioned = bucket.settings.versioning === 'enabled';
  const outcome = await service.put(`${bucket.name}/${key}`, content, {
    requestId: randomUUID(),
    ...options,
    metadata: isVersioned ? { ...fields, [FIELD.version]: '+' } : fields,
  });
  return outcome.outcome === 'committed' ? { ok: true, file: outcome.file } : writeRefused(outcome);
}

/** The version id as a header of the answer, where the bucket has versions. */
export function versionHeaders(bucket: BucketState, file: FileVersion): string[] {
  if (bucket.settings.versioning === 'off') return [];
  return ['x-amz-version-id', versionIdOf(file)];
}

type Conditioned = { readonly ok: true; readonly conditions: Conditions } | S3Failure;

/** If-Match and If-None-Match of a write, with etags as the store knows them. */
export function writeConditionsOf({ headers }: S3Request): Conditioned {
  const read = readWriteConditions(headers);
  if (!read.ok) return read;
  const { ifMatch, ifNoneMatch } = read.conditions;
  return {
    ok: true,
    conditions: {
      ...(ifMatch && { ifMatch: ifMatch.map(storeEtag) }),
      ...(ifNoneMatch && { ifNoneMatch: ifNoneMatch.map(storeEtag) }),
    },
  };
}

/** What an object keeps of the headers it is written with, tags included. */
export function writtenFields({
  headers,
}: S3Request): { readonly ok: true; readonly metadata: Record<string, string> } | S3Failure {
  const read = readObjectMetadata(headers);
  if (!read.ok) return read;
  const tags = readTaggingHeader(headerValue(headers, 'x-amz-tagging'));
  if (!tags.ok) return tags;
  const tagged = tags.tags.length === 0 ? {} : { [FIELD.tags]: tagsField(tags.tags) };
  return { ok: true, metadata: { ...read.metadata, ...tagged } };
}
