import type { Coordinator } from '../protocol/ports.js';
import type { StoredRecord } from './coordinator-state.js';
import { CoordinatorState } from './coordinator-state.js';

/**
 * A coordinator in this process. Answers and watch calls come on a later turn, in order; several
 * users of one instance see one store.
 */
export function createMemoryCoordinator(state = new CoordinatorState()): Coordinator {
  const watchers = new Set<(key: string) => void>();
  const later = (task: () => void): void => queueMicrotask(task);

  return {
    read: (key, done) => later(() => done(state.read(key) as Parameters<typeof done>[0])),

    swap: (key, revision, value, done) =>
      later(() => {
        const result = state.swap(key, revision, value);
        if (result.outcome === 'full') return done({ outcome: 'unknown' });
        done(result as Parameters<typeof done>[0]);
        if (result.outcome === 'swapped') for (const changed of watchers) changed(key);
      }),

    watch: (prefix, changed) => {
      let cancelled = false;
      const tell = (key: string, record: StoredRecord): void =>
        later(() => cancelled || changed(key, record));
      const watcher = (key: string): void => {
        if (key.startsWith(prefix)) tell(key, state.read(key));
      };
      later(() => {
        if (cancelled) return;
        for (const [key, record] of state.list(prefix)) tell(key, record);
        watchers.add(watcher);
      });
      return {
        cancel: () => {
          cancelled = true;
          watchers.delete(watcher);
        },
      };
    },
  };
}
