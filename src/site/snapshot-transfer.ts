import type { ChunkedContent } from '../protocol/file-version.js';
import type {
  ContentPort,
  InstalledSnapshot,
  SnapshotPort,
  StorageFailure,
} from '../protocol/ports.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { chunkedContentOf } from '../storage/view/record-content.js';
import {
  decodeRawRecord,
  type DigestedRange,
  isLastRange,
  type KeyRange,
  type SnapshotInstaller,
} from '../storage/view/view-snapshot.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { PeerSnapshot, TransferFailed } from './peer-snapshot.js';
import type { Report } from './telemetry/site-log.js';

const CONTENT_DEADLINE_MS = 120_000;
/** Ranges on their way at once. */
const RANGES_AT_ONCE = 4;

export interface SnapshotTransferOptions {
  readonly network: PeerNetwork;
  readonly content: ContentPort;
  readonly shard: string;
  readonly view: StoredShardView;
  readonly report: Report;
}

/**
 * Makes the view what another site's is, sending only ranges that differ. The content that a range
 * names is here before the range is, so a version in the view always has its chunks.
 */
export class SnapshotTransfer implements SnapshotPort {
  private closed = false;
  /** Transferred ranges and those that were equal already, since the start. */
  readonly counts = { sent: 0, equal: 0 };

  constructor(private readonly options: SnapshotTransferOptions) {}

  install(from: string, done: (installed: InstalledSnapshot | null) => void): void {
    void this.transfer(from).then(
      (installed) => this.closed || done(installed),
      (error: unknown) => {
        const { shard, report } = this.options;
        report(`a snapshot of shard ${shard} from ${from} failed: ${String(error)}`, {
          event: 'snapshot-failed',
          level: 'warn',
          shard,
        });
        if (!this.closed) done(null);
      },
    );
  }

  close(): void {
    this.closed = true;
  }

  private async transfer(from: string): Promise<InstalledSnapshot> {
    const { network, view, shard } = this.options;
    const snapshot = await PeerSnapshot.open(network, from, shard);
    this.refuseClosed();
    const { position } = snapshot;
    try {
      const installer = view.installer();
      await settled((done) => installer.begin(done));
      let after: Uint8Array | null = null;
      for (let last = false; !last; ) {
        const ranges: DigestedRange[] = await snapshot.digests(after);
        this.refuseClosed();
        await this.installRanges(from, snapshot, installer, ranges);
        const end: DigestedRange | undefined = ranges.at(-1);
        if (end === undefined) throw new TransferFailed('a snapshot without an end');
        after = end.to;
        last = isLastRange(end);
      }
      await settled((done) => installer.finish(position, done));
    } finally {
      snapshot.close();
    }
    return {
      position,
      requests: view.requests(0),
      ownership: view.ownership(),
      configuration: view.configuration(),
    };
  }

  private async installRanges(
    from: string,
    snapshot: PeerSnapshot,
    installer: SnapshotInstaller,
    ranges: readonly DigestedRange[],
  ): Promise<void> {
    const differing = ranges.filter(
      (range) => Buffer.compare(installer.digestOf(range), range.digest) !== 0,
    );
    this.counts.equal += ranges.length - differing.length;
    this.counts.sent += differing.length;
    const underway: Promise<Uint8Array[] | TransferFailed>[] = [];
    for (let index = 0; index < differing.length; index += 1) {
      while (underway.length < RANGES_AT_ONCE) {
        const ahead = differing[index + underway.length];
        if (ahead === undefined) break;
        underway.push(this.recordsOf(from, snapshot, ahead));
      }
      const range = differing[index];
      const records = await underway.shift();
      if (records instanceof TransferFailed) throw records;
      if (range === undefined || records === undefined) continue;
      await settled((done) => installer.replaceRange(range, records, done));
    }
  }

  /** The records with their content here; never rejects, so that it may be left alone. */
  private async recordsOf(
    from: string,
    snapshot: PeerSnapshot,
    range: KeyRange,
  ): Promise<Uint8Array[] | TransferFailed> {
    try {
      const records = await snapshot.records(range);
      this.refuseClosed();
      for (const bytes of records) {
        const record = decodeRawRecord(bytes, range);
        const content = record === undefined ? null : chunkedContentOf(record);
        if (content !== null) await this.bring(content, from);
      }
      return records;
    } catch (error) {
      return error instanceof TransferFailed ? error : new TransferFailed(String(error));
    }
  }

  private bring(content: ChunkedContent, from: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        handle.cancel();
        reject(new TransferFailed(`content ${content.etag} could not be had`));
      }, CONTENT_DEADLINE_MS);
      const handle = this.options.content.ensure(content, [from], () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private refuseClosed(): void {
    if (this.closed) throw new TransferFailed('this site is stopping');
  }
}

function settled(start: (done: (failure: StorageFailure | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((failure) =>
      failure === null ? resolve() : reject(new TransferFailed(failure.message)),
    );
  });
}
