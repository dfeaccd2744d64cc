import type { StorageFailure } from '../../protocol/ports.js';
import { storageFailureOf } from '../storage-failure.js';

/** What a rejected commit means. lmdb tells the cause in a second promise, a turn later. */
export async function commitFailure(error: unknown, doing: string): Promise<StorageFailure> {
  if (error instanceof Error && 'commitError' in error) {
    const cause = Promise.resolve(error.commitError).then(
      () => error,
      (reason: unknown) => reason,
    );
    const nextTurn = new Promise<unknown>((resolve) => setImmediate(() => resolve(error)));
    return storageFailureOf(await Promise.race([cause, nextTurn]), doing);
  }
  return storageFailureOf(error, doing);
}
