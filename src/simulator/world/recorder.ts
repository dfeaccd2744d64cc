import type { ChunkedContent } from '../../protocol/file-version.js';
import { fileVersionOf, type LogEntry } from '../../protocol/log-entry.js';
import type { ShardView } from '../../protocol/ports.js';
import type { CommittedEntry } from '../history.js';
import type { Finding, SiteCopy } from '../judges/finding.js';
import type { SimView } from '../sim-view.js';

interface Applied {
  readonly site: string;
  readonly entry: LogEntry;
}

/**
 * Watches what every site applies. Two sites that apply different entries at one place of a shard's
 * log are found at once (I1), without waiting for a client to stumble on it.
 */
export class Recorder {
  readonly findings: Finding[] = [];
  private readonly chains = new Map<string, Map<number, Applied>>();

  constructor(private readonly nowMs: () => number) {}

  /** The same view, with its applies noted. */
  watchView(site: string, shard: string, view: SimView): ShardView {
    return {
      position: () => view.position(),
      durablePosition: () => view.durablePosition(),
      head: (name) => view.head(name),
      version: (name, version) => view.version(name, version),
      history: (name, below, limit) => view.history(name, below, limit),
      list: (query) => view.list(query),
      names: (query) => view.names(query),
      requests: (fromSeq) => view.requests(fromSeq),
      ownership: () => view.ownership(),
      configuration: () => view.configuration(),
      apply: (entries, done) => {
        for (const entry of entries) this.note(site, shard, entry);
        view.apply(entries, done);
      },
    };
  }

  /** Every file version that any site has applied, in log order. */
  committedEntries(): CommittedEntry[] {
    const result: CommittedEntry[] = [];
    for (const [shard, chain] of this.chains) {
      for (const { entry } of [...chain.values()].sort((a, b) => a.entry.seq - b.entry.seq)) {
        const file = fileVersionOf(entry);
        if (file === undefined) continue;
        const { name, version, epoch, seq } = file;
        const { requestId } = entry;
        const value = file.content?.etag ?? null;
        result.push({ name, version, epoch, seq, value, requestId, shard });
      }
    }
    return result;
  }

  private note(site: string, shard: string, entry: LogEntry): void {
    let chain = this.chains.get(shard);
    if (chain === undefined) {
      chain = new Map();
      this.chains.set(shard, chain);
    }
    const first = chain.get(entry.seq);
    if (first === undefined) {
      chain.set(entry.seq, { site, entry });
    } else if (first.entry.epoch !== entry.epoch || first.entry.requestId !== entry.requestId) {
      this.findings.push({
        invariant: 'I1',
        message:
          `at ${this.nowMs().toFixed(1)} ms ${site} applied ${shard}/${entry.seq} of epoch ` +
          `${entry.epoch}, where ${first.site} had applied one of epoch ${first.entry.epoch}`,
        operations: [],
      });
    }
  }
}

/** What a site's views hold of every file; a version whose content is not all there is missing. */
export function copyOf(
  site: string,
  views: Iterable<SimView>,
  has: (content: ChunkedContent) => boolean,
): SiteCopy {
  const versions: SiteCopy['versions'][number][] = [];
  for (const view of views) {
    for (const { name, version, epoch, seq, content } of view.allVersions()) {
      if (content?.kind === 'chunked' && !has(content)) continue;
      versions.push({ name, version, epoch, seq, value: content?.etag ?? null });
    }
  }
  return { site, versions };
}
