import type { ChunkedContent } from '../protocol/file-version.js';
import type { ContentPort } from '../protocol/ports.js';
import type { ChunkRead, ChunkStore } from '../storage/chunks/chunk-store.js';
import { Gate } from '../storage/chunks/gate.js';
import type { ChunkArrivals } from './chunk-arrivals.js';
import type { ChunkCalls } from './chunk-calls.js';

/** Chunks on their way to this site at once, because it asked for them. */
const FETCHES_AT_ONCE = 12;
const RETRY_FIRST_MS = 50;
const RETRY_LIMIT_MS = 2000;

export interface FetcherPorts {
  readonly store: ChunkStore;
  readonly calls: ChunkCalls;
  readonly arrivals: ChunkArrivals;
  /** Sites with a session, nearest first. */
  connectedSites(): readonly string[];
}

/** Brings chunks here from the sites that have them. */
export class ChunkFetcher implements ContentPort {
  private readonly gate = new Gate(FETCHES_AT_ONCE);
  private readonly underway = new Map<string, Promise<boolean>>();
  private readonly closing = new AbortController();

  constructor(private readonly ports: FetcherPorts) {}

  ensure(
    content: ChunkedContent,
    sources: readonly string[],
    done: () => void,
  ): { cancel(): void } {
    const controller = new AbortController();
    const signal = AbortSignal.any([controller.signal, this.closing.signal]);
    void this.bringAll(content, sources, signal).then((complete) => {
      if (complete && !signal.aborted) done();
    });
    return { cancel: () => controller.abort() };
  }

  /** One chunk, verified and durable here; false when no connected site has a good copy now. */
  fetch(hash: string, sources: readonly string[]): Promise<boolean> {
    const underway = this.underway.get(hash);
    if (underway !== undefined) return underway;
    const fetching = this.gate
      .run(() => this.fetchFrom(hash, sources))
      .finally(() => this.underway.delete(hash));
    this.underway.set(hash, fetching);
    return fetching;
  }

  /** Nothing more is fetched or called back. */
  close(): void {
    this.closing.abort();
  }

  private async bringAll(
    content: ChunkedContent,
    sources: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    for (let waitMs = RETRY_FIRST_MS; ; waitMs = Math.min(waitMs * 2, RETRY_LIMIT_MS)) {
      try {
        if (await this.bringMissing(content, sources, signal)) return true;
      } catch {
        // The disk did not say what it has: asked again later, and nothing is acknowledged.
      }
      if (!(await pause(waitMs, signal))) return false;
    }
  }

  /** One round; true if everything is here after it. */
  private async bringMissing(
    content: ChunkedContent,
    sources: readonly string[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const missing = await this.ports.store.missing(content.chunks);
    if (missing.length === 0) return true;
    await Promise.all(
      missing.map(async ({ hash }) => {
        if (await this.ports.arrivals.settled(hash, signal)) return;
        if (!signal.aborted) await this.fetch(hash, sources);
      }),
    );
    return (await this.ports.store.missing(missing)).length === 0;
  }

  private async fetchFrom(hash: string, sources: readonly string[]): Promise<boolean> {
    if (this.closing.signal.aborted) return false;
    if (await this.ports.store.has(hash)) return true;
    const connected = this.ports.connectedSites();
    const preferred = sources.filter((site) => connected.includes(site));
    for (const site of new Set([...preferred, ...connected])) {
      const answer = await this.ports.calls.get(site, hash);
      if (this.closing.signal.aborted) return false;
      if (!answer.ok) continue;
      // The store refuses bytes that do not hash to the name.
      const written = await this.ports.store.write(hash, answer.bytes);
      if (written.ok) return true;
    }
    return false;
  }

  /** Reads a chunk, from elsewhere where this site's copy is missing or damaged. */
  async readRepaired(hash: string): Promise<{ read: ChunkRead; repaired: boolean }> {
    const { store } = this.ports;
    const read = await store.read(hash);
    if (read.ok || !(await this.fetch(hash, []))) return { read, repaired: false };
    const again = await store.read(hash);
    return { read: again, repaired: again.ok && read.reason !== 'missing' };
  }
}

/** False when it was cut short. */
function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve(!signal.aborted);
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish, { once: true });
  });
}
