import type { ObjectService } from '../../site/object-service.js';
import { readRefused } from './s3-request.js';
import type { SecretOf } from './signature/authenticate.js';

/**
 * Secrets of the cluster's access keys. A key that cannot be looked up now is not said to be
 * unknown: clients try again later after a 503, and give up after a 403.
 */
export function secretsOf({ keys }: Pick<ObjectService, 'keys'>): SecretOf {
  return async (accessKeyId) => {
    const found = await keys.find(accessKeyId);
    return found.ok ? (found.key?.secret ?? null) : readRefused(found);
  };
}
