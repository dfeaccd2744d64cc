import type { ChunkCalls } from './chunk-calls.js';

interface Offer {
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly settled: () => void;
}

/**
 * Gives one other site the chunks of one upload that it lacks. Best effort: after a failure nothing
 * more is sent, and the site fetches what it lacks when the log entry comes. How much is under way
 * at once is the upload's to limit.
 */
export class ChunkPush {
  private offers: Offer[] = [];
  private failed = false;

  constructor(
    private readonly site: string,
    private readonly calls: ChunkCalls,
  ) {}

  /**
   * Resolves once the site has the chunk durably, or nothing more is tried; after a failure the
   * bytes may still be on their way out.
   */
  offer(hash: string, bytes: Uint8Array): Promise<void> {
    if (this.failed) return Promise.resolve();
    return new Promise((settled) => {
      // Chunks that are cut in the same turn are asked about together.
      if (this.offers.length === 0) queueMicrotask(() => void this.ask());
      this.offers.push({ hash, bytes, settled });
    });
  }

  private async ask(): Promise<void> {
    const { offers } = this;
    this.offers = [];
    const hashes = [...new Set(offers.map(({ hash }) => hash))];
    const lacking = await this.calls.lacking(this.site, hashes);
    if (lacking === null) this.failed = true;
    const wanted = new Set(lacking ?? []);
    for (const offer of offers) {
      if (wanted.delete(offer.hash)) void this.send(offer);
      else offer.settled();
    }
  }

  private async send(offer: Offer): Promise<void> {
    const arrived = this.failed || (await this.calls.put(this.site, offer.hash, offer.bytes));
    if (!arrived) this.failed = true;
    offer.settled();
  }
}
