import type { ChunkRef } from '../../protocol/file-version.js';
import type { ChunkRead, ChunkStore, ChunkWrite } from './chunk-store.js';
import { HashMarks } from './hash-marks.js';

export type Collected =
  | { readonly outcome: 'removed'; readonly bytes: number }
  /** It was asked for or written not long ago, or cannot be removed now. */
  | { readonly outcome: 'kept' };

/**
 * A chunk store that knows which chunks somebody may count on: those that were written, or said to
 * be here, within the grace. Collecting a chunk and saying that it is here are serialised: either
 * the answer comes first, and the chunk stays, or the chunk is gone before there is an answer.
 */
export class GuardedChunkStore implements ChunkStore {
  /** Touched since the last turn, and between that and the one before. */
  private recent = new HashMarks();
  private earlier = new HashMarks();
  private turnedMs: number;
  private readonly removing = new Map<string, Promise<Collected>>();

  constructor(
    private readonly store: ChunkStore,
    /** A touched chunk stays for at least this long, and at most twice as long. */
    readonly graceMs: number,
    private readonly nowMs: () => number,
  ) {
    this.turnedMs = nowMs();
  }

  /** These are counted on from now on, whether they are here or not. */
  touch(refs: Iterable<ChunkRef>): void {
    this.turn();
    for (const { hash } of refs) this.recent.add(hash);
  }

  /** Removes a chunk that nothing refers to, unless somebody may count on it. */
  collect(hash: string): Promise<Collected> {
    this.turn();
    const underway = this.removing.get(hash);
    if (underway !== undefined) return underway;
    if (this.recent.has(hash) || this.earlier.has(hash)) {
      return Promise.resolve({ outcome: 'kept' });
    }
    const removing = this.removeNow(hash).finally(() => this.removing.delete(hash));
    this.removing.set(hash, removing);
    return removing;
  }

  async has(hash: string): Promise<boolean> {
    await this.claim(hash);
    return this.store.has(hash);
  }

  async missing(refs: readonly ChunkRef[]): Promise<ChunkRef[]> {
    this.touch(refs);
    // Hardly ever is any being removed: no promise for each of many.
    if (this.removing.size > 0) {
      for (const { hash } of refs) await this.removing.get(hash);
    }
    return this.store.missing(refs);
  }

  async write(hash: string, bytes: Uint8Array, isProven?: boolean): Promise<ChunkWrite> {
    await this.claim(hash);
    return this.store.write(hash, bytes, isProven);
  }

  read(hash: string): Promise<ChunkRead> {
    return this.store.read(hash);
  }

  remove(hash: string): Promise<ChunkWrite> {
    return this.store.remove(hash);
  }

  size(hash: string): Promise<number | null> {
    return this.store.size(hash);
  }

  all(): AsyncIterable<string> {
    return this.store.all();
  }

  private async claim(hash: string): Promise<void> {
    this.touch([{ hash, size: 0 }]);
    await this.removing.get(hash);
  }

  private async removeNow(hash: string): Promise<Collected> {
    const bytes = (await this.store.size(hash)) ?? 0;
    const removed = await this.store.remove(hash);
    return removed.ok ? { outcome: 'removed', bytes } : { outcome: 'kept' };
  }

  private turn(): void {
    const nowMs = this.nowMs();
    if (nowMs - this.turnedMs < this.graceMs) return;
    // What was touched before the last turn has had its grace, and all of it after two of them.
    this.earlier = nowMs - this.turnedMs < 2 * this.graceMs ? this.recent : new HashMarks();
    this.recent = new HashMarks();
    this.turnedMs = nowMs;
  }
}
