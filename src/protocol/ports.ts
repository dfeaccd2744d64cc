import type { ChunkedContent, FileVersion } from './file-version.js';
import type { Configuration, LogEntry, NamePattern, Position } from './log-entry.js';

/*
 * What a shard's protocol needs of the world, as callbacks rather than promises, so that the same
 * drive runs on real disks and in virtual time. A callback is never called before the call that
 * took it has returned, and at most once; after `close` or a crash it is never called.
 */

/** Why a disk did not do what it was asked. Every one of them is final for the run of the process. */
export type StorageFailure =
  | { readonly kind: 'disk_full'; readonly message: string }
  | { readonly kind: 'io_error'; readonly message: string }
  /** A record, page or chunk failed its checksum. */
  | { readonly kind: 'damaged'; readonly message: string };

/** What a replica must never forget beside its log. Written as a record of the log. */
export interface HardState {
  /** Largest epoch promised, and the run of the process it was promised to ('' for none). */
  readonly promisedEpoch: number;
  readonly promisedRun: string;
  /** False while a replica that lost its disk has not yet been filled up to its target. */
  readonly joined: boolean;
  /** A snapshot is being installed: the view is not to be read until it is done. */
  readonly installing: boolean;
  /**
   * The newest configuration that left the log's view for good, so that neither a trimmed log nor a
   * lost view forgets it; absent while it is the one that the cluster was made with.
   */
  readonly configuration?: Configuration;
}

export const INITIAL_HARD_STATE: HardState = {
  promisedEpoch: 0,
  promisedRun: '',
  joined: true,
  installing: false,
};

/** One atomic append to the log's disk, applied in the order: cut, entries, state. */
export interface LogWrite {
  /** Forget every entry from this seq on, before the entries below are added. */
  readonly cutFrom?: number;
  /** Consecutive seqs, the first following what is left. */
  readonly entries: readonly LogEntry[];
  readonly hardState?: HardState;
}

/** What was found on disk at the start. */
export interface OpenedLog {
  /** The entry before the first one kept; ORIGIN for a log kept from its beginning. */
  readonly base: Position;
  /** Entries kept after `base`, oldest first, consecutive, at least from the view's position on. */
  readonly entries: readonly LogEntry[];
  readonly hardState: HardState;
  /** Bytes of a torn, never acknowledged tail that were cut. */
  readonly tornBytes: number;
  /**
   * Acknowledged entries may be lost from this seq on: a record that fails its checksum and is not
   * a torn tail. `entries` ends before it. The replica has to declare itself new.
   */
  readonly damagedFrom?: number;
}

export type LogRead =
  | { readonly ok: true; readonly entries: readonly LogEntry[] }
  | { readonly ok: false; readonly reason: 'trimmed' | 'damaged'; readonly message: string };

/** The append-only log of one shard at one site. It is the truth; all else can be rebuilt. */
export interface ShardLog {
  /**
   * Calls back once everything in the write is on disk, directory entries included. Writes complete
   * in the order they were asked for; many waiting writes share one sync. After a failure no later
   * write succeeds.
   */
  write(write: LogWrite, done: (failure: StorageFailure | null) => void): void;
  /** Reads entries `from`, `from+1`, … up to either limit, at least one if it exists. */
  read(
    from: number,
    limit: { readonly entries: number; readonly bytes: number },
    done: (result: LogRead) => void,
  ): void;
  /** Entries up to and including this seq may be removed. A hint: whole segments go, in time. */
  trim(upToSeq: number): void;
  /** Replaces the whole log by an empty one that starts after `base` (a snapshot was installed). */
  reset(base: Position, hardState: HardState, done: (failure: StorageFailure | null) => void): void;
}

/** What is remembered of a request id that took effect. */
export interface RequestRecord {
  readonly requestId: string;
  readonly epoch: number;
  readonly seq: number;
  readonly name: string;
  readonly version: number;
}

/** A rule that moved, as far as this shard's log knows. */
export interface OwnershipRecord {
  readonly pattern: NamePattern;
  readonly tableVersion: number;
  /** 'in': this shard has the names; 'out': shard `to` has them; 'back': the change was given up. */
  readonly state: 'in' | 'out' | 'back';
  /** The shard that the rule names from here on; '' where there is no such rule again. */
  readonly to: string;
}

export interface ListQuery {
  readonly prefix: string;
  /** Only names strictly greater (by UTF-8 bytes); '' for the beginning. */
  readonly after: string;
  readonly limit: number;
}

/** The lookup state of one shard at one site: a rebuildable view of the log's released prefix. */
export interface ShardView {
  /** What reads see. */
  position(): Position;
  /** What survives the loss of power now; at or behind `position`. */
  durablePosition(): Position;
  /** The newest version of the name, tombstones included. */
  head(name: string): FileVersion | undefined;
  version(name: string, version: number): FileVersion | undefined;
  /** Newest first; only versions below `below`. */
  history(name: string, below: number, limit: number): FileVersion[];
  /** Live files (no tombstones) in the order of their names' UTF-8 bytes. */
  list(query: ListQuery): FileVersion[];
  /** Names that have any version, tombstones included, in the order of their UTF-8 bytes. */
  names(query: ListQuery): string[];
  /** Request ids that took effect at `fromSeq` or later, oldest first. */
  requests(fromSeq: number): RequestRecord[];
  ownership(): OwnershipRecord[];
  /** What the newest `configure` entry says; null if there was none. */
  configuration(): Configuration | null;
  /**
   * Applies consecutive released entries. Calls back when reads see them; they may reach the disk
   * later, but only in order and always together with their position.
   */
  apply(entries: readonly LogEntry[], done: (failure: StorageFailure | null) => void): void;
}

/** The chunks of large files at one site. */
export interface ContentPort {
  /**
   * Calls back once every chunk is here, verified and fsynced, fetched from the given sites (or
   * whichever has it) where it was not. Keeps trying until it succeeds or is cancelled.
   */
  ensure(content: ChunkedContent, sources: readonly string[], done: () => void): { cancel(): void };
}

/** What a snapshot brought along beside the files. */
export interface InstalledSnapshot {
  readonly position: Position;
  readonly requests: readonly RequestRecord[];
  readonly ownership: readonly OwnershipRecord[];
  readonly configuration: Configuration | null;
}

/** Replaces a shard's view by that of another site. */
export interface SnapshotPort {
  /**
   * Calls back once the view is, durably, what the other site's was at one position; with null if
   * that failed, in which case the view is not to be read until a later one succeeds.
   */
  install(from: string, done: (installed: InstalledSnapshot | null) => void): void;
}

/** Who may try to act for a shard, in which epoch. Says nothing about for how long. */
export interface ClaimRecord {
  readonly shard: string;
  readonly epoch: number;
  readonly site: string;
  /** The run of the process that holds it. */
  readonly run: string;
  /** A successor may try when the record stood unchanged for this long on its own clock. */
  readonly claimMs: number;
  /** Each attempt to renew has its own number. */
  readonly renewal: number;
  readonly released: boolean;
  /** Released in favour of this site ('' for nobody in particular). */
  readonly successor: string;
}

/** A record with the revision it was read or written at; revision 0 and null: never written. */
export interface Revised<T> {
  readonly value: T | null;
  readonly revision: number;
}

export type SwapResult<T> =
  | { readonly outcome: 'swapped'; readonly revision: number }
  | { readonly outcome: 'conflict'; readonly current: Revised<T> }
  /** No answer in time: it may or may not have happened. */
  | { readonly outcome: 'unknown' };

/** How a site is known to the coordinator. */
export interface SiteRecord {
  readonly site: string;
  /** Grows by one each time the site lost its disk. Starts at 1. */
  readonly incarnation: number;
  /** Grows by one at each start, on the site's disk first. */
  readonly starts: number;
}

export interface TableRule {
  readonly pattern: NamePattern | { readonly kind: 'default' };
  /** One shard; or, for the default rule, several over which names are spread by their hash. */
  readonly shards: readonly string[];
}

/** Which shard each name belongs to: exact rules first, then the longest prefix, then the default. */
export interface PrimaryTable {
  readonly version: number;
  readonly rules: readonly TableRule[];
  /** A change under way: it is finished or given up before another may begin. */
  readonly pending: {
    readonly pattern: NamePattern;
    readonly to: string;
    readonly state: 'leaving' | 'entering' | 'aborting';
  } | null;
}

export interface ClusterSettings {
  readonly clusterId: string;
  readonly sites: readonly string[];
  readonly replicas: number;
  readonly writeQuorum: number;
  readonly readQuorum: number;
}

/** Where a site is. */
export interface SiteAddress {
  readonly site: string;
  readonly displayName: string;
  readonly host: string;
  readonly peerPort: number;
  readonly httpUrl: string;
}

/** A change of sites that is under way. */
export interface SiteChange {
  readonly kind: 'add' | 'remove' | 'replace';
  readonly site: string;
  /** `preparing` may be given up; from `configuring` on it is carried through. */
  readonly state: 'preparing' | 'configuring' | 'settling';
  /** Of the sites there will be. */
  readonly writeQuorum: number;
}

/**
 * Which sites there are, for whoever starts or asks, and how far a change is. It follows the logs of
 * the shards, which decide: nothing here makes a site count.
 */
export interface ClusterSites {
  /** Changes that are done: the version of every shard's configuration. */
  readonly version: number;
  readonly sites: readonly string[];
  readonly writeQuorum: number;
  /** For sites that began anew on another machine: their least incarnation. */
  readonly since: Readonly<Record<string, number>>;
  /** Of sites that are not where the configuration files of the others say. */
  readonly addresses: readonly SiteAddress[];
  readonly change: SiteChange | null;
}

/** The documents the coordinator keeps; each key is swapped on its own. */
export interface CoordinatorDocuments {
  readonly [claim: `claim/${string}`]: ClaimRecord;
  readonly [site: `site/${string}`]: SiteRecord;
  readonly table: PrimaryTable;
  readonly settings: ClusterSettings;
  readonly sites: ClusterSites;
}

/**
 * The small consistent store for claims, epochs, the site list and the primary table. Every call
 * ends within its deadline, if only by `unknown`. A claim is decided by compare-and-set and nothing
 * else: no answer of the coordinator is ever trusted for how long something holds.
 */
export interface Coordinator {
  /** A linearizable read; null when there was no answer in time. */
  read<K extends keyof CoordinatorDocuments & string>(
    key: K,
    done: (current: Revised<CoordinatorDocuments[K]> | null) => void,
  ): void;
  /** Writes `value` if the key still stands at `revision`. */
  swap<K extends keyof CoordinatorDocuments & string>(
    key: K,
    revision: number,
    value: CoordinatorDocuments[K],
    done: (result: SwapResult<CoordinatorDocuments[K]>) => void,
  ): void;
  /**
   * Calls back with the current state of every key under the prefix and then with each change, in
   * revision order for a key; a change may be missed only if a later one of the key is delivered.
   * After a lost connection it calls again with the current state.
   */
  watch(
    prefix: string,
    changed: (
      key: string,
      current: Revised<CoordinatorDocuments[keyof CoordinatorDocuments & string]>,
    ) => void,
  ): { cancel(): void };
}
