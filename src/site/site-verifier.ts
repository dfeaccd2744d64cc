import type { Position } from '../protocol/log-entry.js';
import { isCount, isFields, isId } from '../protocol/message-fields.js';
import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import { ContentUnreadable } from '../protocol/lost-content.js';
import type { KeyRange, ViewSnapshot } from '../storage/view/view-snapshot.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { type ReferenceSource, referencesOf, ReferencesUnreadable } from './content-references.js';
import { type Mend, readMended } from './lost-content.js';
import { FULL_PACE } from './pace.js';
import { PeerSnapshot, TransferFailed } from './peer-snapshot.js';
import { compareViews, type RecordDifference } from './view-comparison.js';

/** Where a site's view of a shard is not what this site's is. */
export interface ViewCheck {
  readonly shard: string;
  readonly site: string;
  /** Both views were compared as of this position; null: they could not be. */
  readonly position: Position | null;
  /** Why not; '' when they were. */
  readonly reason: string;
  /** What differs, up to a limit. `here` is the site that was asked to verify. */
  readonly differences: readonly RecordDifference[];
}

/** Whether a site has the chunks that its versions of a shard refer to. */
export interface ChunkCheck {
  readonly shard: string;
  readonly site: string;
  /** Null: it did not say. */
  readonly references: number | null;
  /** Versions of which chunks are not there, up to a limit. */
  readonly lacking: readonly string[];
}

export interface Verification {
  /** Every site was compared in every shard, and nothing differs or is lacking. */
  readonly equal: boolean;
  readonly views: readonly ViewCheck[];
  readonly chunks: readonly ChunkCheck[];
}

export interface VerifierPorts {
  readonly site: string;
  readonly peers: () => readonly string[];
  readonly network: PeerNetwork;
  readonly store: ChunkStore;
  readonly sources: readonly ReferenceSource[];
  /** Brings back small content that is damaged here, so that it is no difference. */
  readonly mend: Mend;
}

const CHUNKS = 'verify.chunks';
const CHUNKS_DEADLINE_MS = 600_000;
const DIFFERENCES_LIMIT = 100;
/** While files are written, views stand at the same position only now and then. */
const POSITION_TRIES = 100;
const POSITION_WAIT_MS = 50;

/** Compares all sites with this one: their views at common positions, and the chunks they have. */
export class SiteVerifier {
  constructor(private readonly ports: VerifierPorts) {
    ports.network.handle(CHUNKS, async (_from, shard) => {
      const source = this.sourceOf(shard);
      if (source === undefined) throw new Error('no such shard');
      return this.chunksHere(source);
    });
  }

  async verify(): Promise<Verification> {
    const { site, sources } = this.ports;
    const peers = this.ports.peers();
    const views: ViewCheck[] = [];
    const chunks: ChunkCheck[] = [];
    for (const source of sources) {
      for (const peer of peers) views.push(await this.compare(source, peer));
      chunks.push({ ...(await this.chunksHere(source)), site });
      for (const peer of peers) chunks.push(await this.chunksAt(peer, source.shard));
    }
    const equal =
      views.every(({ position, differences }) => position !== null && differences.length === 0) &&
      chunks.every(({ references, lacking }) => references !== null && lacking.length === 0);
    return { equal, views, chunks };
  }

  private async compare(source: ReferenceSource, site: string): Promise<ViewCheck> {
    const check = { shard: source.shard, site, position: null, differences: [] };
    try {
      for (let tries = 0; tries < POSITION_TRIES; tries += 1) {
        if (!source.isReadable()) return { ...check, reason: 'this site is being filled' };
        const compared = await this.compareOnce(source, site);
        if (compared !== null) return { ...check, ...compared, reason: '' };
        await new Promise((resolve) => setTimeout(resolve, POSITION_WAIT_MS));
      }
      return { ...check, reason: 'it was never at the same position as this site' };
    } catch (error) {
      const isKnown = error instanceof TransferFailed || error instanceof ContentUnreadable;
      if (!isKnown) throw error;
      return { ...check, reason: error.message };
    }
  }

  /** Null when the views are not at the same position. */
  private async compareOnce(
    { shard, view }: ReferenceSource,
    site: string,
  ): Promise<Pick<ViewCheck, 'position' | 'differences'> | null> {
    const there = await PeerSnapshot.open(this.ports.network, site, shard);
    let snapshot: ViewSnapshot | null = null;
    try {
      const taken = view.snapshot();
      snapshot = taken;
      const { position } = taken;
      if (position.epoch !== there.position.epoch || position.seq !== there.position.seq) {
        return null;
      }
      const here = {
        digestOf: (range: KeyRange) => taken.digestOf(range),
        records: (range: KeyRange) => readMended(() => taken.records(range), this.ports.mend),
      };
      return { position, differences: await compareViews(here, there, DIFFERENCES_LIMIT) };
    } finally {
      snapshot?.close();
      there.close();
    }
  }

  private async chunksHere(source: ReferenceSource): Promise<Omit<ChunkCheck, 'site'>> {
    const { shard } = source;
    const lacking = new Set<string>();
    let references = 0;
    try {
      for await (const page of referencesOf(source)) {
        await FULL_PACE.step(0);
        references += page.references.length;
        for (const { name, version, content } of page.references) {
          if (lacking.size >= DIFFERENCES_LIMIT) break;
          const missing = await this.ports.store.missing(content.chunks);
          if (missing.length > 0) lacking.add(`version ${version} of ${name}`);
        }
      }
    } catch (error) {
      if (!(error instanceof ReferencesUnreadable)) throw error;
      return { shard, references: null, lacking: [error.message] };
    }
    return { shard, references, lacking: [...lacking] };
  }

  private async chunksAt(site: string, shard: string): Promise<ChunkCheck> {
    const options = { deadlineMs: CHUNKS_DEADLINE_MS, class: 'control' } as const;
    const result = await this.ports.network.call(site, CHUNKS, shard, options);
    const nothing = { shard, site, references: null };
    if (!result.ok) return { ...nothing, lacking: [result.message] };
    const { value } = result;
    if (!isFields(value) || !Array.isArray(value.lacking)) return { ...nothing, lacking: [] };
    const lacking = value.lacking.filter((one): one is string => typeof one === 'string');
    const references = isCount(value.references) ? value.references : null;
    return { shard, site, references, lacking: lacking.slice(0, DIFFERENCES_LIMIT) };
  }

  private sourceOf(shard: unknown): ReferenceSource | undefined {
    return isId(shard) ? this.ports.sources.find((source) => source.shard === shard) : undefined;
  }
}
