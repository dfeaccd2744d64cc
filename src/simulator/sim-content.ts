import type { ChunkedContent } from '../protocol/file-version.js';
import type { ContentPort } from '../protocol/ports.js';
import type { NodeClock } from './clock.js';
import type { Random } from './random.js';

export interface ContentOptions {
  /** One chunk from another site, verified and fsynced: mean, in milliseconds of true time. */
  readonly chunkMs: number;
  /** How long until it asks again when no source could provide a chunk. */
  readonly retryMs: number;
}

export const DEFAULT_CONTENT: ContentOptions = { chunkMs: 30, retryMs: 200 };

/** Which chunks every site holds on disk. */
export class SimContentWorld {
  private readonly sites = new Map<string, Set<string>>();

  /** @param isReachable whether one site can fetch from another right now. */
  constructor(readonly isReachable: (from: string, to: string) => boolean) {}

  chunksOf(site: string): Set<string> {
    let chunks = this.sites.get(site);
    if (chunks === undefined) {
      chunks = new Set();
      this.sites.set(site, chunks);
    }
    return chunks;
  }

  siteNames(): string[] {
    return [...this.sites.keys()];
  }

  wipe(site: string): void {
    this.chunksOf(site).clear();
  }
}

/** The chunks of one site. What was fetched survives a crash; what was being fetched does not. */
export class SimContent implements ContentPort {
  fetched = 0;

  constructor(
    private readonly site: string,
    private readonly world: SimContentWorld,
    private readonly clock: NodeClock,
    private readonly random: Random,
    public options: ContentOptions = DEFAULT_CONTENT,
  ) {
    world.chunksOf(site);
  }

  /** As after an upload: these chunks are on disk here. */
  add(hashes: readonly string[]): void {
    for (const hash of hashes) this.world.chunksOf(this.site).add(hash);
  }

  has(content: ChunkedContent): boolean {
    const here = this.world.chunksOf(this.site);
    return content.chunks.every(({ hash }) => here.has(hash));
  }

  ensure(
    content: ChunkedContent,
    sources: readonly string[],
    done: () => void,
  ): { cancel(): void } {
    let cancelled = false;
    const attempt = (): void => {
      if (cancelled) return;
      const here = this.world.chunksOf(this.site);
      const missing = content.chunks.find(({ hash }) => !here.has(hash));
      if (missing === undefined) {
        cancelled = true;
        done();
        return;
      }
      if (this.sourceOf(missing.hash, sources) === undefined) {
        this.clock.after(this.options.retryMs, attempt);
        return;
      }
      this.clock.deliverAfter(this.random.exponential(this.options.chunkMs), () => {
        // The link may have been cut while the chunk was on its way.
        if (!cancelled && this.sourceOf(missing.hash, sources) !== undefined) {
          here.add(missing.hash);
          this.fetched += 1;
        }
        this.clock.deliverAfter(0, attempt);
      });
    };
    this.clock.deliverAfter(0, attempt);
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  private sourceOf(hash: string, sources: readonly string[]): string | undefined {
    const preferred = [...sources, ...this.world.siteNames()];
    return preferred.find(
      (site) =>
        site !== this.site &&
        this.world.isReachable(this.site, site) &&
        this.world.chunksOf(site).has(hash),
    );
  }
}
