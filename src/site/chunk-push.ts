import type { ChunkCalls } from './chunk-calls.js';

interface Offer {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly settled: () => void;
}

/** Chunks asked about in one question. */
const BATCH_CHUNKS = 32;

/**
 * Gives one other site the chunks of one upload that it lacks. Best effort: after a failure nothing
 * more is sent, and the site fetches what it lacks when the log entry comes.
 */
export class ChunkPush {
  private queue: Offer[] = [];
  private asking = false;
  private failed = false;

  constructor(
    private readonly site: string,
    private readonly calls: ChunkCalls,
  ) {}

  /** Resolves once the site has the chunk durably, or nothing more is tried. */
  offer(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.failed) return Promise.resolve();
    return new Promise((settled) => {
      this.queue.push({ hash, bytes, settled });
      if (!this.asking) void this.ask();
    });
  }

  private async ask(): Promise<void> {
    this.asking = true;
    // Chunks that are cut in the same turn are asked about together.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, BATCH_CHUNKS);
      const hashes = [...new Set(batch.map(({ hash }) => hash))];
      const lacking = this.failed ? null : await this.calls.lacking(this.site, hashes);
      if (lacking === null) this.failed = true;
      const wanted = new Set(lacking ?? []);
      for (const offer of batch) {
        if (wanted.delete(offer.hash)) void this.send(offer);
        else offer.settled();
      }
    }
    this.asking = false;
  }

  private async send(offer: Offer): Promise<void> {
    if (!this.failed && !(await this.calls.put(this.site, offer.hash, offer.bytes))) {
      this.failed = true;
    }
    offer.settled();
  }
}
