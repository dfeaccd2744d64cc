import type { UpkeepStatus } from './status-types.js';
import type { GuardedChunkStore } from '../storage/chunks/guarded-chunk-store.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import type { BackupSource } from './backup/backup-source.js';
import { ChunkCollector, type CollectRound } from './chunk-collector.js';
import type { ReferenceSource } from './content-references.js';
import type { Mend } from './lost-content.js';
import { ContentScrubber } from './content-scrubber.js';
import type { ContentTransfer } from './content-transfer.js';
import { bytePace, FULL_PACE, gentlePace } from './pace.js';
import { type KeptSource, SegmentCollector } from './segment-collector.js';
import { SiteVerifier, type Verification } from './site-verifier.js';
import type { Report } from './telemetry/site-log.js';
import type { Upkeep, UpkeepSettings } from './upkeep.js';

export interface UpkeepPorts {
  readonly backup: BackupSource;
  readonly site: string;
  readonly peers: () => readonly string[];
  readonly network: PeerNetwork;
  readonly store: GuardedChunkStore;
  readonly content: ContentTransfer;
  readonly sources: readonly (ReferenceSource & KeptSource)[];
  readonly settings: UpkeepSettings;
  /** Told of rounds that did something and of passes that found something. */
  readonly report: Report;
}

/** Collects and scrubs on timers, and on demand. Must be made before the network starts. */
export class SiteUpkeep implements Upkeep {
  private readonly collector: ChunkCollector;
  private readonly segments: SegmentCollector;
  private readonly scrubber: ContentScrubber;
  private readonly verifier: SiteVerifier;
  private readonly timers: NodeJS.Timeout[] = [];
  private verified: ReturnType<SiteUpkeep['lastVerification']> = null;

  constructor(private readonly ports: UpkeepPorts) {
    const { store, sources, content } = ports;
    const nowMs = (): number => performance.now();
    const openUploads = () => content.openUploads();
    this.segments = new SegmentCollector(sources);
    this.collector = new ChunkCollector({ store, sources, openUploads, nowMs });
    const fetch = (hash: string) => content.fetch(hash);
    const mend: Mend = (lost) => content.mend(lost);
    this.scrubber = new ContentScrubber({ store, sources, fetch, mend, nowMs: Date.now });
    this.verifier = new SiteVerifier({ ...ports, mend });
  }

  get backup(): BackupSource {
    return this.ports.backup;
  }

  start(): void {
    const { collectEveryMs, scrubEveryMs, scrubBytesPerSecond } = this.ports.settings;
    const collect = (): void => void this.round();
    const scrub = (): void => void this.pass(bytePace(scrubBytesPerSecond));
    this.timers.push(setInterval(collect, collectEveryMs).unref());
    this.timers.push(setInterval(scrub, scrubEveryMs).unref());
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  status(): UpkeepStatus {
    const { rounds, removedChunks: chunks, removedBytes: bytes } = this.collector;
    return { collected: { rounds, chunks, bytes }, scrub: this.scrubber.status() };
  }

  async collect(): Promise<CollectRound> {
    await this.segments.collect(FULL_PACE);
    return this.collector.collect(FULL_PACE);
  }

  scrub(): void {
    void this.pass(FULL_PACE);
  }

  async verify(): Promise<Verification> {
    const verification = await this.verifier.verify();
    this.verified = { atMs: Date.now(), verification };
    if (verification.views.some(({ differences }) => differences.length > 0)) {
      const message = 'sites were compared, and they are not the same: see quorate verify';
      this.ports.report(message, { event: 'diverged', level: 'error' });
    }
    return verification;
  }

  /** The last comparison that was asked of this site. */
  lastVerification(): { readonly atMs: number; readonly verification: Verification } | null {
    return this.verified;
  }

  private async round(): Promise<void> {
    const { report } = this.ports;
    const before = this.segments.removedBytes;
    await this.segments.collect(gentlePace());
    const removed = this.segments.removedBytes - before;
    if (removed > 0) report(`${removed} bytes of old log segments were removed`);
    const { fault } = this.segments;
    if (fault !== '') report(`not all old log segments could be looked at: ${fault}`);
    const round = await this.collector.collect(gentlePace());
    if (round.outcome === 'done' && round.chunks === 0) return;
    if (round.outcome !== 'done') report(`no chunks were collected: ${round.message}`);
    else report(`${round.chunks} chunks of ${round.bytes} bytes were collected`);
  }

  private async pass(pace: ReturnType<typeof bytePace>): Promise<void> {
    const known = this.scrubber.status().findings.length;
    await this.scrubber.scrub(pace);
    for (const finding of this.scrubber.status().findings.slice(known)) {
      this.ports.report(finding, { event: 'scrub-finding', level: 'error' });
    }
  }
}
