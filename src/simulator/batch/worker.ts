import { type SeedReport, type SeedSettings, runSeed } from './seed-run.js';

/** What a worker process is told to do: seeds `from`, `from + stride`, …, `count` of them. */
export interface WorkOrder {
  readonly from: number;
  readonly stride: number;
  readonly count: number;
  readonly settings: SeedSettings;
  /** Every so many seeds one is run a second time; 0: none. */
  readonly twiceEvery: number;
}

export type WorkerMessage =
  | { readonly kind: 'report'; readonly report: SeedReport }
  | { readonly kind: 'done' };

/*
 * The main module of a process that runs seeds, one after the other, and sends a report of each. It
 * ends with its parent.
 */
async function work(order: WorkOrder): Promise<void> {
  for (let index = 0; index < order.count; index += 1) {
    const seed = order.from + index * order.stride;
    const twice = order.twiceEvery > 0 && seed % order.twiceEvery === 0;
    await say({ kind: 'report', report: runSeed(seed, order.settings, twice) });
  }
  await say({ kind: 'done' });
  process.disconnect();
}

function say(message: WorkerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error('this module is the main one of a child');
    process.send(message, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });
}

process.once('disconnect', () => process.exit(0));
process.once('message', (order) => {
  void work(order as WorkOrder);
});
