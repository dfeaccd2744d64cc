import { mkdir } from 'node:fs/promises';
import { Gate } from './gate.js';

/** Leaves threads of the pool to the logs. */
const SYNCS_AT_ONCE = 3;

type Settled = (error: unknown) => void;

/**
 * Makes names in `root/ab` durable, in rounds: all that wait when a round ends go into the next,
 * and each folder is synced once in it. On most file systems the first sync of a round does the
 * work for all of them.
 */
export class FolderSync {
  private waiting: { readonly leaf: string; readonly settled: Settled }[] = [];
  private running = false;
  private readonly syncs = new Gate(SYNCS_AT_ONCE);
  /** Leaf folders that are settled in the root: at most 256. */
  private readonly durable = new Set<string>();

  constructor(
    private readonly root: string,
    private readonly syncFolder: (folder: string) => Promise<void>,
  ) {}

  /** Makes a leaf folder where there is none. */
  async make(leaf: string): Promise<void> {
    if (!this.durable.has(leaf)) await mkdir(leaf, { recursive: true });
  }

  /** For a name just made in the leaf folder. */
  settle(leaf: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const settled: Settled = (error) => (error === null ? resolve() : reject(error));
      this.waiting.push({ leaf, settled });
      if (!this.running) void this.run();
    });
  }

  /** For names found in place, which an earlier run may not have settled. */
  async settleOnce(leaf: string): Promise<void> {
    if (!this.durable.has(leaf)) await this.settle(leaf);
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      const round = this.waiting;
      this.waiting = [];
      let failure: unknown = null;
      try {
        await this.syncAll(new Set(round.map(({ leaf }) => leaf)));
      } catch (error) {
        failure = error;
      }
      for (const { settled } of round) settled(failure);
    }
    this.running = false;
  }

  private async syncAll(leaves: ReadonlySet<string>): Promise<void> {
    const fresh = [...leaves].filter((leaf) => !this.durable.has(leaf));
    const folders = [...leaves, ...(fresh.length > 0 ? [this.root] : [])];
    await Promise.all(folders.map((folder) => this.syncs.run(() => this.syncFolder(folder))));
    for (const leaf of fresh) this.durable.add(leaf);
  }
}
