import type { ChunkRef } from '../protocol/file-version.js';
import type { ContentPort, StorageFailure } from '../protocol/ports.js';
import { TransientMap } from '../protocol/transient-map.js';
import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import { ChunkMemory } from '../storage/chunks/chunk-memory.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { ChunkArrivals } from './chunk-arrivals.js';
import { createChunkCalls } from './chunk-calls.js';
import { ChunkFetcher } from './chunk-fetcher.js';
import { ChunkPush } from './chunk-push.js';
import { joinContents, type StoreChunk } from './content-join.js';
import { ContentRepair } from './content-repair.js';
import type { Mend } from './lost-content.js';
import { readContent, wholeContent } from './content-read.js';
import type { StreamPorts } from './content-stream.js';
import type { ContentThreads } from './content-threads.js';
import { ContentUpload } from './content-upload.js';
import type { ContentAccess } from './site-context.js';

/** Chunks of uploads, those being put together and those on their way to disks. */
const UPLOADS_LIMIT_BYTES = 96 * 1024 * 1024;

export interface ContentTransferOptions {
  readonly network: PeerNetwork;
  readonly store: ChunkStore;
  /** The other sites, nearest first. */
  readonly peers: () => readonly string[];
  readonly writeQuorum: () => number;
  readonly threads: ContentThreads;
  /** Of all shards. */
  readonly views: () => Iterable<readonly [string, StoredShardView]>;
  /** Told of the chunks of uploads that have ended: somebody may count on them. */
  readonly keep?: (chunks: readonly ChunkRef[]) => void;
  /** A chunk could not be written here. */
  readonly failed: (failure: StorageFailure) => void;
}

export interface ContentTransfer {
  readonly access: ContentAccess;
  readonly port: ContentPort;
  /** Chunks and small contents damaged here and replaced by a good copy, since the start. */
  repairs(): number;
  /** Chunks of uploads that are under way. */
  openUploads(): Iterable<ChunkRef>;
  /** Replaces a chunk by a good copy; false when no connected site has one. */
  fetch(hash: string): Promise<boolean>;
  /** The same for small content. */
  mend: Mend;
  /** Nothing more is fetched. */
  close(): void;
}

/** Large content at one site: in from clients, between sites, out to clients. */
export function createContentTransfer(options: ContentTransferOptions): ContentTransfer {
  const { network, store, peers } = options;
  const connectedSites = (): string[] => peers().filter((site) => network.connected(site));
  const arrivals = new ChunkArrivals();
  const calls = createChunkCalls(network, store, arrivals);
  const fetcher = new ChunkFetcher({ store, calls, arrivals, connectedSites });
  const uploads: StreamPorts = {
    store,
    calls,
    threads: options.threads,
    memory: new ChunkMemory(UPLOADS_LIMIT_BYTES, true),
    connectedSites,
    get neededPushes() {
      return options.writeQuorum() - 1;
    },
    failed: options.failed,
  };
  const storeChunk: StoreChunk = async (hash, bytes) => {
    const pushed = connectedSites().map((site) => new ChunkPush(site, calls).offer(hash, bytes));
    const [written] = await Promise.all([store.write(hash, bytes), ...pushed]);
    if (written.ok) return null;
    options.failed(written.failure);
    return written.failure.message;
  };
  const open = new TransientMap<number, ContentUpload>();
  let begun = 0;
  let repairs = 0;
  const repaired = (): void => {
    repairs += 1;
  };
  const repair = new ContentRepair({ network, connectedSites, views: options.views, repaired });
  const mend: Mend = (lost) => repair.repair(lost);
  return {
    access: {
      upload: async (body, announcedSize, digests = [], positionBytes = 0) => {
        const upload = new ContentUpload(uploads, { digests, positionBytes });
        begun += 1;
        const id = begun;
        open.set(id, upload);
        try {
          return await upload.run(body, announcedSize);
        } finally {
          // From now on they have the whole grace to be named in.
          options.keep?.(upload.chunks);
          open.take(id);
        }
      },
      join: (contents) => joinContents(contents, storeChunk),
      whole: (content) => wholeContent(content, mend),
      bring: async (lost) => typeof (await mend(lost)) !== 'string',
      read: (content, range = { start: 0, end: content.size }) =>
        readContent(content, range, fetcher, mend, repaired),
    },
    port: fetcher,
    repairs: () => repairs,
    *openUploads() {
      for (const upload of open.values()) yield* upload.chunks;
    },
    fetch: async (hash) => {
      const fetched = await fetcher.fetch(hash, []);
      if (fetched) repaired();
      return fetched;
    },
    mend,
    close: () => fetcher.close(),
  };
}
