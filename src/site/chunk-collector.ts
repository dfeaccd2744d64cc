import type { ChunkRef } from '../protocol/file-version.js';
import type { GuardedChunkStore } from '../storage/chunks/guarded-chunk-store.js';
import { HashMarks } from '../storage/chunks/hash-marks.js';
import { type ReferenceSource, referencesOf, ReferencesUnreadable } from './content-references.js';
import type { Pace } from './pace.js';

export interface CollectorPorts {
  readonly store: GuardedChunkStore;
  readonly sources: readonly ReferenceSource[];
  /** Chunks of uploads that are under way here. */
  openUploads(): Iterable<ChunkRef>;
  nowMs(): number;
}

export type CollectRound =
  | { readonly outcome: 'done'; readonly chunks: number; readonly bytes: number }
  | {
      /**
       * `too_early`: what clients were told before the last start may still count. `unreadable`:
       * not every reference can be read. Nothing was removed in either case.
       */
      readonly outcome: 'too_early' | 'unreadable';
      readonly message: string;
    };

/** Chunks looked at between two rests, and between two looks at the uploads under way. */
const STEP_CHUNKS = 256;

/**
 * Removes chunks that nothing refers to. Marks what the logs and views refer to, then goes through
 * all chunks and removes what is neither marked nor counted on: a chunk that was written, or said to
 * be here, within the grace stays. Whatever comes to refer to a chunk meanwhile asked for it first.
 */
export class ChunkCollector {
  /** Since the start. */
  removedChunks = 0;
  removedBytes = 0;
  rounds = 0;
  private readonly startedMs: number;
  private running: Promise<CollectRound> | null = null;

  constructor(private readonly ports: CollectorPorts) {
    this.startedMs = ports.nowMs();
  }

  /** One round; the one under way when there is one. */
  collect(pace: Pace): Promise<CollectRound> {
    this.running ??= this.round(pace).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async round(pace: Pace): Promise<CollectRound> {
    const { store, sources, nowMs } = this.ports;
    const leftMs = this.startedMs + store.graceMs - nowMs();
    if (leftMs > 0) {
      const message = `nothing is collected in the first ${store.graceMs / 60_000} minutes`;
      return { outcome: 'too_early', message };
    }
    const marks = new HashMarks();
    try {
      for (const source of sources) {
        for await (const { references } of referencesOf(source)) {
          for (const { content } of references) {
            for (const { hash } of content.chunks) marks.add(hash);
          }
          await pace.step(0);
        }
      }
    } catch (error) {
      if (!(error instanceof ReferencesUnreadable)) throw error;
      return { outcome: 'unreadable', message: error.message };
    }
    return this.sweep(marks, pace);
  }

  private async sweep(marks: HashMarks, pace: Pace): Promise<CollectRound> {
    const { store } = this.ports;
    let chunks = 0;
    let bytes = 0;
    let looked = 0;
    for await (const hash of store.all()) {
      if (looked % STEP_CHUNKS === 0) {
        await pace.step(0);
        store.touch(this.ports.openUploads());
      }
      looked += 1;
      if (marks.has(hash)) continue;
      const collected = await store.collect(hash);
      if (collected.outcome === 'kept') continue;
      chunks += 1;
      bytes += collected.bytes;
    }
    this.removedChunks += chunks;
    this.removedBytes += bytes;
    this.rounds += 1;
    return { outcome: 'done', chunks, bytes };
  }
}
