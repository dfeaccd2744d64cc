import type { ChunkedContent } from '../protocol/file-version.js';
import type { Position } from '../protocol/log-entry.js';
import type {
  ContentPort,
  InstalledSnapshot,
  SnapshotPort,
  StorageFailure,
} from '../protocol/ports.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { RecordKind } from '../storage/view/record-keys.js';
import { fileVersionFrom, unseal } from '../storage/view/record-values.js';
import {
  decodeRawRecord,
  type DigestedRange,
  isLastRange,
  type KeyRange,
  type SnapshotInstaller,
} from '../storage/view/view-snapshot.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { isCount, isFields, isPosition } from '../protocol/message-fields.js';
import { RANGES_LIMIT } from './snapshot-source.js';

const CALL_DEADLINE_MS = 20_000;
const CONTENT_DEADLINE_MS = 120_000;
/** Ranges on their way at once. */
const RANGES_AT_ONCE = 4;
const RECORDS_LIMIT = 4096;

/** The other site, this one's disk, or what came over the wire did not do its part. */
class TransferFailed extends Error {
  override readonly name = 'TransferFailed';
}

export interface SnapshotTransferOptions {
  readonly network: PeerNetwork;
  readonly content: ContentPort;
  readonly shard: string;
  readonly view: StoredShardView;
  readonly report: (message: string) => void;
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
        report(`a snapshot of shard ${shard} from ${from} failed: ${String(error)}`);
        if (!this.closed) done(null);
      },
    );
  }

  close(): void {
    this.closed = true;
  }

  private async transfer(from: string): Promise<InstalledSnapshot> {
    const { view, shard } = this.options;
    const opened = await this.ask(from, 'snapshot.open', shard);
    if (!isFields(opened) || !isCount(opened.id) || !isPosition(opened.position)) {
      throw new TransferFailed('the answer is not a snapshot');
    }
    const { id } = opened;
    const position = opened.position as Position;
    try {
      const installer = view.installer();
      await settled((done) => installer.begin(done));
      let after: Uint8Array | null = null;
      for (let last = false; !last; ) {
        const ranges: DigestedRange[] = await this.rangesAfter(from, id, after);
        await this.installRanges(from, id, installer, ranges);
        const end: DigestedRange | undefined = ranges.at(-1);
        if (end === undefined) throw new TransferFailed('a snapshot without an end');
        after = end.to;
        last = isLastRange(end);
      }
      await settled((done) => installer.finish(position, done));
    } finally {
      void this.options.network.call(from, 'snapshot.close', id, {
        deadlineMs: CALL_DEADLINE_MS,
        class: 'bulk',
      });
    }
    return { position, requests: view.requests(0), ownership: view.ownership() };
  }

  private async rangesAfter(
    from: string,
    id: number,
    after: Uint8Array | null,
  ): Promise<DigestedRange[]> {
    const value = await this.ask(from, 'snapshot.digests', { id, after });
    if (!Array.isArray(value) || value.length > RANGES_LIMIT || !value.every(isDigestedRange)) {
      throw new TransferFailed('the answer is not a list of ranges');
    }
    let end = after;
    for (const range of value) {
      const follows = end === null || Buffer.compare(range.after, end) === 0;
      if (!follows || Buffer.compare(range.after, range.to) >= 0) {
        throw new TransferFailed('ranges that do not follow each other');
      }
      end = range.to;
    }
    return value;
  }

  private async installRanges(
    from: string,
    id: number,
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
        underway.push(this.recordsOf(from, id, ahead));
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
    id: number,
    range: KeyRange,
  ): Promise<Uint8Array[] | TransferFailed> {
    try {
      const { after, to } = range;
      const value = await this.ask(from, 'snapshot.records', { id, after, to });
      if (!areRecords(value)) throw new TransferFailed('the answer is not a list of records');
      for (const bytes of value) {
        const content = chunkedContentOf(bytes, range);
        if (content !== null) await this.bring(content, from);
      }
      return value;
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

  private async ask(from: string, method: string, payload: unknown): Promise<unknown> {
    const options = { deadlineMs: CALL_DEADLINE_MS, class: 'bulk' } as const;
    const result = await this.options.network.call(from, method, payload, options);
    if (this.closed) throw new TransferFailed('this site is stopping');
    if (!result.ok) throw new TransferFailed(result.message);
    return result.value;
  }
}

function isDigestedRange(value: unknown): value is DigestedRange {
  return (
    isFields(value) &&
    value.after instanceof Uint8Array &&
    value.to instanceof Uint8Array &&
    value.digest instanceof Uint8Array &&
    isCount(value.count)
  );
}

function areRecords(value: unknown): value is Uint8Array[] {
  if (!Array.isArray(value) || value.length > RECORDS_LIMIT) return false;
  return value.every((record) => record instanceof Uint8Array);
}

/** The large content that a record names, if it is an intact version that has one. */
function chunkedContentOf(bytes: Uint8Array, range: KeyRange): ChunkedContent | null {
  const record = decodeRawRecord(bytes, range);
  if (record === undefined || record.key[0] !== RecordKind.version) return null;
  const { content } = fileVersionFrom('', unseal(record.key, record.value));
  return content?.kind === 'chunked' ? content : null;
}

function settled(start: (done: (failure: StorageFailure | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((failure) =>
      failure === null ? resolve() : reject(new TransferFailed(failure.message)),
    );
  });
}
