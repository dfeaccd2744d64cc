import type { Content, FileVersion, Metadata } from './file-version.js';

/** A place in a shard's log. Compared by epoch first, then seq. */
export interface Position {
  readonly epoch: number;
  readonly seq: number;
}

export const ORIGIN: Position = { epoch: 0, seq: 0 };

export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

/** Which names a rule of the primary table speaks of. */
export type NamePattern =
  | { readonly kind: 'exact'; readonly name: string }
  | { readonly kind: 'prefix'; readonly prefix: string };

/** Earlier versions that one write may erase. */
export const ERASES_LIMIT = 1000;

/** Rules that one entry may have. */
export const RETENTION_RULES_LIMIT = 1000;

/** What is kept of the history of a bucket's files. */
export interface RetentionRule {
  /** What the names begin with, up to their first `/`. */
  readonly bucket: string;
  /** What was superseded before this moment (the primary's wall clock) goes; 0: nothing. */
  readonly beforeMs: number;
  /** So many superseded versions of each file stay, the newest; null: any number. */
  readonly versions: number | null;
}

/** Sites of one shard; a bound of every list of them. */
export const SITES_LIMIT = 9;

/** Which sites keep a shard, and how many of them have to hold a write. */
export interface Configuration {
  /** 0 for what the cluster was made with; the next one has the next number. */
  readonly version: number;
  /** The home site first, the others by nearness to it. */
  readonly sites: readonly string[];
  /** The least incarnation that counts, for a site that began anew on another machine. */
  readonly since: Readonly<Record<string, number>>;
  readonly writeQuorum: number;
}

/** `erases`: earlier versions of the file that leave its history with this write. */
export type Operation =
  /** The first entry of an epoch: what lies below commits with it. */
  | { readonly kind: 'noop' }
  | {
      readonly kind: 'put';
      readonly name: string;
      readonly version: number;
      readonly content: Content;
      readonly metadata: Metadata;
      /** The version whose content this is, where an old version was made the newest. */
      readonly restored?: number;
      readonly erases?: readonly number[];
    }
  | {
      readonly kind: 'delete';
      readonly name: string;
      readonly version: number;
      /** What is to be known of the delete itself; it may then be of a file that does not exist. */
      readonly metadata?: Metadata;
      readonly erases?: readonly number[];
    }
  /** History is dropped, heads stay: as the rule of a file's bucket says, else by `beforeMs`. */
  | {
      readonly kind: 'retain';
      /** What was superseded before this moment (the primary's wall clock) goes; 0: nothing. */
      readonly beforeMs: number;
      readonly rules?: readonly RetentionRule[];
      /** Rules that count look only at files superseded from this moment on. Default: all. */
      readonly countFromMs?: number;
    }
  /** From here on this shard refuses the names of the pattern: they go to shard `to`. */
  | {
      readonly kind: 'move-out';
      readonly pattern: NamePattern;
      readonly tableVersion: number;
      readonly to: string;
    }
  /** From here on this shard accepts the names of the pattern. */
  | { readonly kind: 'move-in'; readonly pattern: NamePattern; readonly tableVersion: number }
  /** The change of this table version was given up, and can no longer happen here. */
  | {
      readonly kind: 'move-back';
      readonly pattern: NamePattern;
      readonly tableVersion: number;
      /** The shard that the pattern's rule names again; '' where there was no such rule. */
      readonly to: string;
    }
  /** From here on these sites keep the shard; until it has committed, those of before as well. */
  | { readonly kind: 'configure'; readonly configuration: Configuration }
  /** The `configure` of this version has committed: whoever holds this entry knows. */
  | { readonly kind: 'configured'; readonly version: number };

export interface LogEntry {
  readonly epoch: number;
  readonly seq: number;
  /** The primary's wall clock when it accepted the entry. For people and retention only. */
  readonly atMs: number;
  /** The client's request id, or '' where nobody retries (no-ops, retention). */
  readonly requestId: string;
  readonly operation: Operation;
}

export function positionOf(entry: Position): Position {
  return { epoch: entry.epoch, seq: entry.seq };
}

/** The name an entry writes, if it writes one. */
export function nameOf(entry: LogEntry): string | undefined {
  const { operation } = entry;
  return operation.kind === 'put' || operation.kind === 'delete' ? operation.name : undefined;
}

/** The file version an entry makes, if it makes one. */
export function fileVersionOf(entry: LogEntry): FileVersion | undefined {
  const { operation, epoch, seq, atMs } = entry;
  if (operation.kind !== 'put' && operation.kind !== 'delete') return undefined;
  const put = operation.kind === 'put' ? operation : undefined;
  return {
    name: operation.name,
    version: operation.version,
    epoch,
    seq,
    deleted: put === undefined,
    content: put?.content ?? null,
    metadata: operation.metadata ?? {},
    modifiedMs: atMs,
  };
}
