import type { Position } from '../protocol/log-entry.js';
import { isCount, isFields, isPosition } from '../protocol/message-fields.js';
import type { DigestedRange, KeyRange } from '../storage/view/view-snapshot.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { RANGES_LIMIT } from './snapshot-source.js';

const CALL_DEADLINE_MS = 20_000;
const RECORDS_LIMIT = 4096;

/** The other site, this one's disk, or what came over the wire did not do its part. */
export class TransferFailed extends Error {
  override readonly name = 'TransferFailed';
}

/** A snapshot that another site holds of one of its views. All calls reject with TransferFailed. */
export class PeerSnapshot {
  private constructor(
    private readonly network: PeerNetwork,
    private readonly site: string,
    private readonly id: number,
    readonly position: Position,
  ) {}

  static async open(network: PeerNetwork, site: string, shard: string): Promise<PeerSnapshot> {
    const opened = await ask(network, site, 'snapshot.open', shard);
    if (!isFields(opened) || !isCount(opened.id) || !isPosition(opened.position)) {
      throw new TransferFailed('the answer is not a snapshot');
    }
    return new PeerSnapshot(network, site, opened.id, opened.position as Position);
  }

  /** Ranges that follow each other and the key; none but the last of all ends at the last key. */
  async digests(after: Uint8Array | null): Promise<DigestedRange[]> {
    const value = await this.ask('snapshot.digests', { id: this.id, after });
    if (!Array.isArray(value) || value.length > RANGES_LIMIT || !value.every(isDigestedRange)) {
      throw new TransferFailed('the answer is not a list of ranges');
    }
    if (value.length === 0) throw new TransferFailed('a snapshot without an end');
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

  /**
   * Not yet checked one by one. `asIs`: the other site brings nothing back that it cannot read itself, as
   * when that is why it is asked: two that lack the same would wait for each other.
   */
  async records({ after, to }: KeyRange, asIs = false): Promise<Uint8Array[]> {
    const value = await this.ask('snapshot.records', { id: this.id, after, to, asIs });
    if (!areRecords(value)) throw new TransferFailed('the answer is not a list of records');
    return value;
  }

  close(): void {
    const options = { deadlineMs: CALL_DEADLINE_MS, class: 'bulk' } as const;
    void this.network.call(this.site, 'snapshot.close', this.id, options);
  }

  private ask(method: string, payload: unknown): Promise<unknown> {
    return ask(this.network, this.site, method, payload);
  }
}

async function ask(
  network: PeerNetwork,
  site: string,
  method: string,
  payload: unknown,
): Promise<unknown> {
  const options = { deadlineMs: CALL_DEADLINE_MS, class: 'bulk' } as const;
  const result = await network.call(site, method, payload, options);
  if (!result.ok) throw new TransferFailed(result.message);
  return result.value;
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
