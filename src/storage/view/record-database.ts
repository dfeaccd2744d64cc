import type { Database } from 'lmdb';

/** The lmdb database of one shard: keys and values are bytes. */
export type RecordDatabase = Database<Buffer, Buffer>;
