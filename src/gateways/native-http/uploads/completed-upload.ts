import type { WriteOutcome } from '../../../site/file-service.js';
import type { ObjectService } from '../../../site/object-service.js';

/** Metadata of a file that was uploaded in parts: the upload's id. Shown to nobody. */
export const UPLOAD_FIELD = 'upload';
/** Versions that are looked through, newest first. */
const VERSIONS_LIMIT = 100;

/**
 * The version that this upload has become, for whoever did not get to hear of it: its records are
 * gone by then. Null: none of the newest versions is of it, or the history cannot be read.
 */
export async function completedBefore(
  service: ObjectService,
  name: string,
  id: string,
): Promise<Extract<WriteOutcome, { outcome: 'committed' }> | null> {
  const history = await service.history(name, { limit: VERSIONS_LIMIT });
  if (!history.ok) return null;
  const file = history.versions.find(({ metadata }) => metadata[UPLOAD_FIELD] === id);
  return file === undefined ? null : { outcome: 'committed', file, served: history.served };
}
