import type { ScrubStatus } from './status-types.js';
import type { ChunkRef, FileVersion } from '../protocol/file-version.js';
import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import { PLACED_LEAST_BYTES } from '../storage/content-place.js';
import { ContentUnreadable } from '../protocol/lost-content.js';
import {
  logReferencesOf,
  type ReferencePage,
  type ReferenceSource,
  ReferencesUnreadable,
  viewReferencesOf,
} from './content-references.js';
import { type Mend, noGoodCopy } from './lost-content.js';
import type { Pace } from './pace.js';

export interface ScrubberPorts {
  readonly store: ChunkStore;
  readonly sources: readonly ReferenceSource[];
  /** Brings a chunk here from a site that has a good copy; false when none can be reached now. */
  fetch(hash: string): Promise<boolean>;
  /** The same for small content that cannot be read where the log has it. */
  mend: Mend;
  nowMs(): number;
}

const FINDINGS_LIMIT = 20;

/**
 * Reads everything that this site keeps: every chunk against its hash, every version and log entry
 * against its checksum, and whether the chunks they refer to are here. What is damaged or missing is
 * fetched from another site. Damaged records are only told of: a start of the site repairs those.
 */
export class ContentScrubber {
  private passes = 0;
  private counts = { chunks: 0, bytes: 0, records: 0 };
  private startedMs: number | null = null;
  private endedMs: number | null = null;
  private found = { damaged: 0, missing: 0, repaired: 0 };
  private findings: string[] = [];
  private running: Promise<void> | null = null;
  private pace: Pace | null = null;

  constructor(private readonly ports: ScrubberPorts) {}

  /** One pass; one that is under way goes on at the new pace. */
  scrub(pace: Pace): Promise<void> {
    this.pace = pace;
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  status(): ScrubStatus {
    return {
      running: this.running !== null,
      passes: this.passes,
      ...this.counts,
      startedMs: this.startedMs,
      endedMs: this.endedMs,
      ...this.found,
      findings: [...this.findings],
    };
  }

  private async run(): Promise<void> {
    this.counts = { chunks: 0, bytes: 0, records: 0 };
    this.startedMs = this.ports.nowMs();
    this.endedMs = null;
    for await (const hash of this.ports.store.all()) {
      await this.pace?.step(await this.readChunk(hash));
    }
    for (const source of this.ports.sources) {
      await this.readRecords(logReferencesOf(source));
      await this.readRecords(viewReferencesOf(source));
    }
    this.passes += 1;
    this.endedMs = this.ports.nowMs();
  }

  /** How many bytes it has. */
  private async readChunk(hash: string): Promise<number> {
    const read = await this.ports.store.read(hash);
    if (read.ok) {
      this.counts.chunks += 1;
      this.counts.bytes += read.bytes.length;
      return read.bytes.length;
    }
    // It was collected since it was listed.
    if (read.reason === 'missing') return 0;
    this.found.damaged += 1;
    await this.repair(hash, read.message);
    return 0;
  }

  private async readRecords(pages: AsyncIterable<ReferencePage>): Promise<void> {
    try {
      for await (const { read, references, versions } of pages) {
        this.counts.records += read;
        await this.pace?.step(0);
        for (const version of versions) await this.readSmall(version);
        for (const { name, version, content } of references) {
          await this.fill(content.chunks, `version ${version} of ${name}`);
        }
      }
    } catch (error) {
      if (!(error instanceof ReferencesUnreadable)) throw error;
      this.tell(error.message);
    }
  }

  /** Content that the log has; what is smaller was checked with its record. */
  private async readSmall({ content }: FileVersion): Promise<void> {
    if (content?.kind !== 'inline' || content.size < PLACED_LEAST_BYTES) return;
    try {
      this.counts.bytes += content.bytes.length;
      await this.pace?.step(content.size);
    } catch (error) {
      if (!(error instanceof ContentUnreadable)) throw error;
      const mended = await this.ports.mend(error.file);
      // It was dropped since it was listed.
      if (mended === 'gone') return;
      this.found.damaged += 1;
      if (mended === 'lost') this.tell(noGoodCopy(error.message));
      else this.found.repaired += 1;
    }
  }

  private async fill(chunks: readonly ChunkRef[], whose: string): Promise<void> {
    for (const { hash } of await this.ports.store.missing(chunks)) {
      this.found.missing += 1;
      await this.repair(hash, `chunk ${hash} of ${whose} is missing`);
    }
  }

  private async repair(hash: string, what: string): Promise<void> {
    if (await this.ports.fetch(hash)) this.found.repaired += 1;
    else this.tell(noGoodCopy(what));
  }

  private tell(finding: string): void {
    this.findings = [...this.findings, finding].slice(-FINDINGS_LIMIT);
  }
}
