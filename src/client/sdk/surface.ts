/*
 * What both entries of the package show beside `connect`.
 */

export { QuorateClient } from './client.js';
export { KeyRefused, NoSiteReached } from './connect.js';
export type { FileChange, WatchResult } from './change-feed.js';
export type { ClientEvents, Listener } from './events.js';
export type {
  AnsweredRead,
  ConnectOptions,
  Content,
  ListOptions,
  Mode,
  PutOptions,
  ReadOptions,
  UpdateOptions,
  WriteOptions,
} from './options.js';
export type {
  Absent,
  ClusterResult,
  Failed,
  FileInfo,
  Freshness,
  HistoryResult,
  ListResult,
  QuorateFile,
  ReadResult,
  StatResult,
  StreamResult,
  UpdateResult,
  WriteResult,
} from './results.js';
