import { expect, it } from 'vitest';
import { INITIAL_HARD_STATE, type ShardView, type StorageFailure } from '../protocol/ports.js';
import { MemoryShardLog } from '../storage/log/memory-log.js';
import { StorageGuard } from './storage-guard.js';

const full: StorageFailure = { kind: 'disk_full', message: 'no space' };

it('takes no write to any log after the first failure of a view, and says so once', async () => {
  const reports: string[] = [];
  const guard = new StorageGuard((message) => reports.push(message));
  const log = guard.log(new MemoryShardLog());
  const write = (): Promise<StorageFailure | null> =>
    new Promise((done) => log.write({ entries: [], hardState: INITIAL_HARD_STATE }, done));
  expect(await write()).toBeNull();
  const broken = { apply: (_entries, done) => done(full) } as Pick<ShardView, 'apply'>;
  let told = false;
  guard.view(broken as ShardView).apply([], () => {
    told = true;
  });
  expect(told).toBe(false);
  expect(await write()).toEqual(full);
  expect(await write()).toEqual(full);
  expect(guard.failure).toEqual(full);
  expect(reports).toHaveLength(1);
});
