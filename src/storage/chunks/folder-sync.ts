import { dirname } from 'node:path';

/** Syncs folders; callers that come while a sync of the same folder runs share the next one. */
export class FolderSync {
  private readonly running = new Map<string, Promise<void>>();
  private readonly next = new Map<string, Promise<void>>();
  /** Leaf folders that are settled up to the root: at most 65,536. */
  private readonly durable = new Set<string>();

  constructor(private readonly syncFolder: (folder: string) => Promise<void>) {}

  async sync(folder: string): Promise<void> {
    const running = this.running.get(folder);
    if (!running) return this.start(folder);
    let next = this.next.get(folder);
    if (!next) {
      next = running
        .catch(() => undefined)
        .then(() => {
          this.next.delete(folder);
          return this.start(folder);
        });
      this.next.set(folder, next);
    }
    return next;
  }

  /** Makes a name just made in `root/ab/cd` durable, and the folders on the way to it. */
  async settle(leaf: string, root: string): Promise<void> {
    await this.sync(leaf);
    if (this.durable.has(leaf)) return;
    await this.sync(dirname(leaf));
    await this.sync(root);
    this.durable.add(leaf);
  }

  /** The same for names found in place, which an earlier run may not have settled. */
  async settled(leaf: string, root: string): Promise<void> {
    if (!this.durable.has(leaf)) await this.settle(leaf, root);
  }

  private start(folder: string): Promise<void> {
    const sync = this.syncFolder(folder).finally(() => {
      if (this.running.get(folder) === sync) this.running.delete(folder);
    });
    this.running.set(folder, sync);
    return sync;
  }
}
