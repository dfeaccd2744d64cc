import type { SiteNode } from '../../protocol/node/site-node.js';
import type { ClusterSettings, PrimaryTable } from '../../protocol/ports.js';
import type { ChunkRead, ChunkStore } from '../../storage/chunks/chunk-store.js';
import type { Mend } from '../lost-content.js';
import type { StoredShardView } from '../../storage/view/lmdb-view.js';
import { archiveOf } from './shard-archive.js';

/** What a backup says of the cluster, beside its files. */
export interface BackupDescription {
  readonly cluster: ClusterSettings;
  readonly shards: readonly string[];
  readonly table: PrimaryTable;
}

export type ShardArchive =
  /** To be read to its end or returned: until then it keeps old pages of the view. */
  | { readonly ok: true; readonly archive: AsyncGenerator<Buffer> }
  | {
      readonly ok: false;
      readonly reason: 'no_such_shard' | 'no_primary' | 'overloaded' | 'storage_failed';
      readonly message: string;
    };

/** Gives what has to be kept to make the cluster anew, while it goes on. */
export interface BackupSource {
  /** Null before the site knows the primary table, and while that is being changed. */
  describe(): BackupDescription | null;
  /** The shard as of one position, at or after everything that had committed when it was asked. */
  archive(shard: string): Promise<ShardArchive>;
  /** Verified; fetched from another site where it is missing or damaged here. */
  chunk(hash: string): Promise<ChunkRead>;
}

export interface BackupPorts {
  readonly cluster: ClusterSettings;
  readonly node: Pick<SiteNode, 'table' | 'catchUp' | 'drives' | 'nowMs'>;
  readonly view: (shard: string) => StoredShardView;
  readonly chunks: Pick<ChunkStore, 'read'>;
  /** Brings a chunk from another site; whether it is here now. */
  readonly fetch: (hash: string) => Promise<boolean>;
  /** The same for small content. */
  readonly mend: Mend;
  /** How long a shard may take to be caught up. */
  readonly timeoutMs: number;
}

/** Archives that may be read at once. */
const ARCHIVE_LIMIT = 4;

export class SiteBackup implements BackupSource {
  private open = 0;

  constructor(private readonly ports: BackupPorts) {}

  describe(): BackupDescription | null {
    const { cluster, node } = this.ports;
    const table = node.table.value;
    if (table === null || table.pending !== null) return null;
    return { cluster, shards: [...node.drives.keys()], table };
  }

  async archive(shard: string): Promise<ShardArchive> {
    const { node, view, timeoutMs, mend } = this.ports;
    const drive = node.drives.get(shard);
    if (drive === undefined) {
      return { ok: false, reason: 'no_such_shard', message: `there is no shard ${shard}` };
    }
    const shown = await new Promise<boolean>((done) =>
      node.catchUp([shard], null, node.nowMs() + timeoutMs, ({ ok }) => done(ok)),
    );
    if (!shown) {
      const message = `this site's copy of ${shard}'s files could not be made current`;
      return { ok: false, reason: 'no_primary', message };
    }
    if (this.open >= ARCHIVE_LIMIT) {
      const message = `${ARCHIVE_LIMIT} archives are being read already`;
      return { ok: false, reason: 'overloaded', message };
    }
    if (!drive.isReadable) {
      const message = `this site's copy of ${shard}'s files is being installed`;
      return { ok: false, reason: 'storage_failed', message };
    }
    return {
      ok: true,
      archive: this.counted(archiveOf(shard, () => view(shard).snapshot(), mend)),
    };
  }

  async chunk(hash: string): Promise<ChunkRead> {
    const { chunks, fetch } = this.ports;
    const read = await chunks.read(hash);
    if (read.ok || read.reason === 'io_error' || !(await fetch(hash))) return read;
    return chunks.read(hash);
  }

  private async *counted(archive: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
    this.open += 1;
    try {
      yield* archive;
    } finally {
      this.open -= 1;
    }
  }
}
