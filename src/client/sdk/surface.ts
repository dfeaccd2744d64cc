/*
 * What both entries of the package show beside `connect`.
 */

export { QuorateClient } from './client.js';
export { KeyRefused, NoSiteReached } from './connect.js';
export type { FileChange, WatchResult } from './change-feed.js';
export type { ClientEvents, Listener } from './events.js';
export { SourceChanged, type UploadSource } from './upload-source.js';
export type {
  AnsweredRead,
  ConnectOptions,
  Content,
  ListOptions,
  Mode,
  PutOptions,
  ReadOptions,
  UpdateOptions,
  UploadOptions,
  UploadProgress,
  WriteOptions,
} from './options.js';
export type {
  Absent,
  ClusterResult,
  DiscardResult,
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
  UploadResult,
  WriteResult,
} from './results.js';
