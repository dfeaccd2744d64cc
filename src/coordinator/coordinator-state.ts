import type { Revised, SwapResult } from '../protocol/ports.js';
import type { CoordinatorKey, CoordinatorValue } from './coordinator-schema.js';

export type StoredRecord = Revised<CoordinatorValue>;
export type StateSwap =
  | SwapResult<CoordinatorValue>
  /** As many keys as the store may hold. */
  | { readonly outcome: 'full' };

const NEVER_WRITTEN: StoredRecord = { value: null, revision: 0 };
const KEY_LIMIT = 10_000;

/**
 * The documents and the one counter their revisions come from: each swap takes the next number, so
 * revisions grow over all keys and are never used twice. Pure; values are not copied.
 */
export class CoordinatorState {
  private readonly documents = new Map<string, StoredRecord>();
  private lastRevision = 0;

  get revision(): number {
    return this.lastRevision;
  }

  read(key: string): StoredRecord {
    return this.documents.get(key) ?? NEVER_WRITTEN;
  }

  /** Keys under the prefix with their records, in order of key. */
  list(prefix: string): [string, StoredRecord][] {
    return [...this.documents]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  swap(key: CoordinatorKey, revision: number, value: CoordinatorValue): StateSwap {
    const current = this.read(key);
    if (current.revision !== revision) return { outcome: 'conflict', current };
    if (current.revision === 0 && this.documents.size >= KEY_LIMIT) return { outcome: 'full' };
    this.lastRevision += 1;
    this.documents.set(key, { value, revision: this.lastRevision });
    return { outcome: 'swapped', revision: this.lastRevision };
  }

  /** Puts back what was stored earlier. */
  restore(key: string, record: StoredRecord): void {
    this.documents.set(key, record);
    this.lastRevision = Math.max(this.lastRevision, record.revision);
  }

  restoreRevision(revision: number): void {
    this.lastRevision = Math.max(this.lastRevision, revision);
  }
}
