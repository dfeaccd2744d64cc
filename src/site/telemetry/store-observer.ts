import type { LogSync } from '../../storage/log/segmented-log.js';
import type { ChunkFiles } from '../../storage/chunks/chunk-files.js';
import type { MetricRegistry } from './metric-registry.js';

/** Takes the time of what the stores of a site do on its disk. */
export interface StoreObserver {
  logSynced(sync: LogSync): void;
  chunkFiles(files: ChunkFiles): ChunkFiles;
}

export function observeStores(registry: MetricRegistry): StoreObserver {
  const seconds = registry.histogram('quorate_log_sync_seconds');
  const writes = registry.histogram('quorate_log_sync_writes');
  const bytes = registry.histogram('quorate_log_sync_bytes');
  const chunks = registry.histogram('quorate_chunk_write_seconds');
  return {
    logSynced: (sync) => {
      seconds.observe(sync.tookMs / 1000);
      writes.observe(sync.writes);
      bytes.observe(sync.bytes);
    },
    chunkFiles: (files) => ({
      syncFolder: (folder) => files.syncFolder(folder),
      writeDurably: async (path, content) => {
        const startMs = performance.now();
        await files.writeDurably(path, content);
        chunks.observe((performance.now() - startMs) / 1000);
      },
    }),
  };
}
