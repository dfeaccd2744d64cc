import type { BackupSource } from './backup-source.js';

/** Of services that keep nothing that could be backed up, as in tests. */
export const NO_BACKUP: BackupSource = {
  describe: () => null,
  archive: (shard) =>
    Promise.resolve({ ok: false, reason: 'no_such_shard', message: `there is no shard ${shard}` }),
  chunk: (hash) =>
    Promise.resolve({ ok: false, reason: 'missing', message: `there is no chunk ${hash}` }),
};
