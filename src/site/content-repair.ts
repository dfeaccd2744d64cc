import { contentHash } from '../storage/content-hash.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { versionKey } from '../storage/view/record-keys.js';
import { fileVersionFrom, unseal } from '../storage/view/record-values.js';
import { decodeRawRecord } from '../storage/view/view-snapshot.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import type { LostContent } from '../protocol/lost-content.js';
import type { Mended } from './lost-content.js';
import { PeerSnapshot } from './peer-snapshot.js';

export interface RepairPorts {
  readonly network: PeerNetwork;
  /** Sites with a session, nearest first. */
  connectedSites(): readonly string[];
  views(): Iterable<readonly [string, StoredShardView]>;
  /** Told of each good copy that came. */
  repaired(): void;
}

/** Brings small content back from another site and puts it into the view. */
export class ContentRepair {
  private readonly underway = new Map<string, Promise<Mended>>();

  constructor(private readonly ports: RepairPorts) {}

  /** One attempt at a time for each version. Never rejects. */
  repair(lost: LostContent): Promise<Mended> {
    const key = `${lost.version}/${lost.name}`;
    const underway = this.underway.get(key);
    if (underway !== undefined) return underway;
    const repairing = this.attempt(lost)
      .catch((): Mended => 'lost')
      .finally(() => this.underway.delete(key));
    this.underway.set(key, repairing);
    return repairing;
  }

  private async attempt(lost: LostContent): Promise<Mended> {
    let mended: Mended = 'gone';
    for (const [shard, view] of this.ports.views()) {
      if (view.version(lost.name, lost.version)?.content?.etag !== lost.etag) continue;
      mended = 'lost';
      for (const site of this.ports.connectedSites()) {
        const bytes = await this.fetch(site, shard, lost);
        if (bytes === null) continue;
        // What is not on disk in the end is found again, and fetched again.
        await view.hold([{ ...lost, bytes }]);
        this.ports.repaired();
        return bytes;
      }
    }
    return mended;
  }

  private async fetch(site: string, shard: string, lost: LostContent): Promise<Uint8Array | null> {
    const { name, version, etag } = lost;
    let snapshot: PeerSnapshot | null = null;
    try {
      snapshot = await PeerSnapshot.open(this.ports.network, site, shard);
      const range = { after: versionKey(name, version - 1), to: versionKey(name, version) };
      for (const bytes of await snapshot.records(range, true)) {
        const record = decodeRawRecord(bytes, range);
        if (record === undefined || Buffer.compare(record.key, range.to) !== 0) continue;
        const { content } = fileVersionFrom(name, unseal(record.key, record.value));
        if (content?.kind !== 'inline' || contentHash(content.bytes) !== etag) continue;
        return content.bytes;
      }
      return null;
    } catch {
      // It does not answer, or what it answers is no record: another site may do better.
      return null;
    } finally {
      snapshot?.close();
    }
  }
}
