import { randomUUID } from 'node:crypto';
import type { Conditions, WriteOutcome } from '../../../site/file-service.js';
import type { BucketState, ObjectService } from '../../../site/object-service.js';
import type { FileVersion } from '../../service-types.js';
import { FIELD, modifiedMsOf } from '../object-fields.js';
import {
  objectVersions,
  type ObjectVersion,
  readVersionId,
  readWholeHistory,
  versionIdOf,
} from '../object-versions.js';
import { emptyAnswer, type S3Result } from '../s3-answer.js';
import { type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, readRefused, type S3Request, writeRefused } from '../s3-request.js';
import { invalidVersionId } from './find-object.js';
import { writeConditionsOf } from './write-object.js';

/** What became of a delete. */
export interface Deleted {
  readonly ok: true;
  /** The version that is gone, or the delete marker that was made. */
  readonly versionId: string | null;
  /** Whether that is a delete marker. */
  readonly isMarker: boolean;
}

/** DELETE of an object, or of one version of it for good. */
export async function deleteObject(request: S3Request): Promise<S3Result> {
  const bucket = await openBucket(request, 'write');
  if (!bucket.ok) return bucket;
  const conditions = writeConditionsOf(request);
  if (!conditions.ok) return conditions;
  if (conditions.conditions.ifNoneMatch !== undefined) {
    return s3Failure('NotImplemented', 'A delete cannot have If-None-Match.');
  }
  const versionId = request.query.get('versionId');
  const { service, key } = request;
  const deleted = await removeObject(service, bucket, key, versionId, conditions.conditions);
  if (!deleted.ok) return deleted;
  const headers: string[] = [];
  if (deleted.isMarker) headers.push('x-amz-delete-marker', 'true');
  if (deleted.versionId !== null) headers.push('x-amz-version-id', deleted.versionId);
  return emptyAnswer(204, headers);
}

/** Deletes as the bucket's versioning has it. What is not there is deleted already. */
export function removeObject(
  service: ObjectService,
  bucket: BucketState,
  key: string,
  versionId: string | undefined,
  conditions: Conditions,
): Promise<Deleted | S3Failure> {
  const name = `${bucket.name}/${key}`;
  const { versioning } = bucket.settings;
  if (versionId !== undefined && (versioning !== 'off' || versionId !== 'null')) {
    if (readVersionId(versionId) === undefined) return Promise.resolve(invalidVersionId(versionId));
    return eraseVersion(service, name, versionId, conditions);
  }
  return versioning === 'off'
    ? removePlainly(service, name, conditions)
    : mark(service, name, versioning === 'enabled', conditions);
}

async function removePlainly(
  service: ObjectService,
  name: string,
  conditions: Conditions,
): Promise<Deleted | S3Failure> {
  const outcome = await service.remove(name, { requestId: randomUUID(), ...conditions });
  const isGone = outcome.outcome === 'rejected' && outcome.reason === 'no_such_file';
  if (outcome.outcome !== 'committed' && !isGone) return writeRefused(outcome);
  return { ok: true, versionId: null, isMarker: false };
}

/** Puts a delete marker on top of the versions there are. */
async function mark(
  service: ObjectService,
  name: string,
  isVersioned: boolean,
  conditions: Conditions,
): Promise<Deleted | S3Failure> {
  const metadata = { [FIELD.marker]: '1', ...(isVersioned && { [FIELD.version]: '+' }) };
  const outcome = await service.remove(name, { requestId: randomUUID(), metadata, ...conditions });
  if (outcome.outcome !== 'committed') return writeRefused(outcome);
  return { ok: true, versionId: versionIdOf(outcome.file), isMarker: true };
}

const ERASE_ATTEMPTS = 8;

/**
 * Erases one version for good. The file gets a new version that shows what is to be seen after it,
 * and that very write takes the erased ones out of the history, unless anything else came between.
 */
async function eraseVersion(
  service: ObjectService,
  name: string,
  versionId: string,
  conditions: Conditions,
): Promise<Deleted | S3Failure> {
  for (let attempt = 1; ; attempt += 1) {
    const history = await readWholeHistory(service, name);
    if (!history.ok && history.reason !== 'no_such_file') return readRefused(history);
    const versions = history.ok ? history.versions : [];
    const shown = objectVersions(versions);
    const target = shown.find(({ id }) => id === versionId);
    const [head] = versions;
    if (target === undefined || head === undefined) {
      return { ok: true, versionId, isMarker: false };
    }
    const outcome = await rewrite(service, name, versions, shown, target, conditions);
    if (outcome.outcome === 'committed') {
      return { ok: true, versionId, isMarker: target.isMarker };
    }
    const isOvertaken =
      outcome.outcome === 'rejected' &&
      outcome.reason === 'precondition_failed' &&
      outcome.current?.version !== head.version;
    if (!isOvertaken) return writeRefused(outcome);
    if (attempt === ERASE_ATTEMPTS) return s3Failure('OperationAborted');
  }
}

/** Versions that one write erases; there may be more of those that S3 does not show. */
const ERASES_LIMIT = 1000;

function rewrite(
  service: ObjectService,
  name: string,
  versions: readonly FileVersion[],
  shown: readonly ObjectVersion[],
  target: ObjectVersion,
  conditions: Conditions,
): Promise<WriteOutcome> {
  const head = versions[0]!;
  const next = shown.find((version) => version !== target);
  const erased = new Set([target.file.version, head.version]);
  if (next !== undefined) erased.add(next.file.version);
  if (target.id === 'null') {
    // What S3 does not show for the null version's sake would be seen in its place.
    for (const { version, metadata } of versions) {
      if (metadata[FIELD.version] === undefined) erased.add(version);
    }
  }
  const erases = [...erased].sort((a, b) => b - a).slice(0, ERASES_LIMIT);
  const options = { requestId: randomUUID(), ...conditions, ifHead: head.version, erases };
  if (next === undefined) {
    return service.remove(name, { ...options, metadata: { [FIELD.erased]: '1' } });
  }
  const metadata = carriedForward(next.file);
  const { content } = next.file;
  return content === null
    ? service.remove(name, { ...options, metadata })
    : service.put(name, content, { ...options, metadata });
}

/** A version's metadata when a later one of the store takes its place. */
function carriedForward(file: FileVersion): Record<string, string> {
  const own = file.metadata[FIELD.version];
  return {
    ...file.metadata,
    ...(own === '+' && { [FIELD.version]: String(file.version) }),
    [FIELD.modified]: String(modifiedMsOf(file)),
  };
}
