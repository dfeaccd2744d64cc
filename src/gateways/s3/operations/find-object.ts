import type { OpenedFile } from '../../../site/file-service.js';
import type { BucketState } from '../../../site/object-service.js';
import { FIELD } from '../object-fields.js';
import {
  type ObjectVersion,
  objectVersions,
  readVersionId,
  readWholeHistory,
  versionIdOf,
} from '../object-versions.js';
import type { RefusedAnswer } from '../s3-answer.js';
import { invalidArgument, s3Failure } from '../s3-error.js';
import { readRefused, type S3Request } from '../s3-request.js';

export type FoundObject = OpenedFile | RefusedAnswer;

type Where = Pick<S3Request, 'service' | 'key'>;

/** The object's newest version, or the one with this id, ready to be read. */
export async function findObject(
  where: Where,
  bucket: BucketState,
  versionId: string | undefined,
): Promise<FoundObject> {
  const name = `${bucket.name}/${where.key}`;
  const opened = await where.service.open(name);
  if (versionId === undefined) {
    if (opened.ok) return opened;
    const { tombstone } = opened;
    if (tombstone?.metadata[FIELD.marker] === undefined) return readRefused(opened);
    return {
      ...s3Failure('NoSuchKey'),
      headers: ['x-amz-delete-marker', 'true', 'x-amz-version-id', versionIdOf(tombstone)],
    };
  }
  if (readVersionId(versionId) === undefined) return invalidVersionId(versionId);
  if (opened.ok && versionIdOf(opened.file) === versionId) return opened;
  if (!opened.ok && opened.reason !== 'no_such_file') return readRefused(opened);
  const found = await findVersion(where, name, versionId);
  if (found === null) return s3Failure('NoSuchVersion');
  if ('ok' in found) return found;
  if (found.isMarker) {
    const headers = [
      'x-amz-delete-marker',
      'true',
      'x-amz-version-id',
      found.id,
      'Allow',
      'DELETE',
    ];
    return { ...s3Failure('MethodNotAllowed'), headers };
  }
  const { version } = found.file;
  const older = await where.service.open(name, { version });
  return older.ok ? older : readRefused(older);
}

export function invalidVersionId(versionId: string): RefusedAnswer {
  return invalidArgument('Invalid version id specified', 'versionId', versionId);
}

async function findVersion(
  { service }: Where,
  name: string,
  versionId: string,
): Promise<ObjectVersion | RefusedAnswer | null> {
  const history = await readWholeHistory(service, name);
  if (!history.ok) return history.reason === 'no_such_file' ? null : readRefused(history);
  return objectVersions(history.versions).find(({ id }) => id === versionId) ?? null;
}
