import type { ChunkRef } from '../protocol/file-version.js';
import type { StorageFailure } from '../protocol/ports.js';
import type { ChunkMemory } from '../storage/chunks/chunk-memory.js';
import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import { ByteBudget } from './byte-budget.js';
import type { ChunkCalls } from './chunk-calls.js';
import { ChunkPush } from './chunk-push.js';

/**
 * Chunks of one upload that are on their way to disks: enough to fill 1 Gbit/s over 72 ms, where
 * each chunk takes two round trips.
 */
export const UPLOAD_WINDOW_BYTES = 32 * 1024 * 1024;

export interface DispatchPorts {
  readonly store: ChunkStore;
  readonly calls: ChunkCalls;
  /** Where chunks are put together; shared by all uploads of the site. */
  readonly memory: ChunkMemory;
  /** Sites with a session, nearest first. */
  connectedSites(): readonly string[];
  /** How many of them should hold a chunk before the upload is done: W − 1. */
  readonly neededPushes: number;
  failed(failure: StorageFailure): void;
}

/** Brings the chunks of one upload to this site's disk and to the other sites. */
export class ChunkDispatch {
  readonly chunks: ChunkRef[] = [];
  private readonly window = new ByteBudget(UPLOAD_WINDOW_BYTES);
  private readonly pushes: readonly ChunkPush[];
  /** Chunks that are not yet durable here and at as many other sites as needed, or given up. */
  private underway = 0;
  private settled: (() => void) | null = null;
  private firstFailure: StorageFailure | null = null;

  constructor(private readonly ports: DispatchPorts) {
    this.pushes = ports.connectedSites().map((site) => new ChunkPush(site, ports.calls));
  }

  /** Why a chunk could not be stored here, once one could not. */
  get failure(): StorageFailure | null {
    return this.firstFailure;
  }

  /** Waits for room in the window. The memory is given back once nobody needs it. */
  async send(hash: string, bytes: Buffer): Promise<void> {
    this.chunks.push({ hash, size: bytes.length });
    await this.window.take(bytes.length);
    const { memory, neededPushes, store } = this.ports;
    const pushed = this.pushes.map((push) => push.offer(hash, bytes));
    const stored = store.write(hash, bytes, true).then((written) => {
      if (written.ok || this.firstFailure !== null) return;
      this.firstFailure = written.failure;
      this.ports.failed(written.failure);
    });
    void Promise.all([...pushed, stored]).then(() => {
      // After a call that timed out the bytes may still wait to be written out. What leaves then is
      // no longer this chunk; the site that gets it finds that it does not hash to its name.
      memory.give(bytes);
      this.window.give(bytes.length);
    });
    this.underway += 1;
    void Promise.all([stored, firstOf(pushed, neededPushes)]).then(() => {
      this.underway -= 1;
      if (this.underway === 0) this.settled?.();
    });
  }

  /** Once every chunk is durable here, and at as many other sites as needed if they took it. */
  done(): Promise<void> {
    if (this.underway === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.settled = resolve;
    });
  }
}

/** Resolves once so many of the promises have, or all of them. */
function firstOf(promises: readonly Promise<unknown>[], count: number): Promise<void> {
  let open = Math.min(count, promises.length);
  if (open === 0) return Promise.resolve();
  return new Promise((resolve) => {
    for (const promise of promises) {
      void promise.then(() => {
        open -= 1;
        if (open === 0) resolve();
      });
    }
  });
}
