import type { FileVersion } from '../../protocol/file-version.js';
import type { LostContent } from '../../protocol/lost-content.js';
import {
  type Configuration,
  type LogEntry,
  ORIGIN,
  type Position,
} from '../../protocol/log-entry.js';
import type {
  ListQuery,
  OwnershipRecord,
  RequestRecord,
  ShardView,
  StorageFailure,
} from '../../protocol/ports.js';
import type { ContentPlace, PlacedContent } from '../content-place.js';
import { isCount, unpackConfiguration } from '../entry-codec.js';
import { LmdbSnapshotInstaller } from './lmdb-installer.js';
import { takeSnapshot } from './lmdb-snapshot.js';
import { CONFIGURATION_KEY, positionFrom } from './position-record.js';
import {
  afterPrefix,
  INSTALLING_KEY,
  listBounds,
  nameKey,
  nameOfKey,
  nameOfVersionKey,
  POSITION_KEY,
  RecordKind,
  requestKey,
  versionKey,
  versionOfKey,
} from './record-keys.js';
import {
  type ContentSource,
  fileVersionFrom,
  ownershipFrom,
  placeIn,
  requestFrom,
  unreadable,
  unseal,
  ViewRecordUnreadable,
} from './record-values.js';
import type { RecordDatabase } from './record-database.js';
import type { SnapshotInstaller, ViewSnapshot } from './view-snapshot.js';
import { type HeldContent, ViewWriter } from './view-writer.js';

/**
 * A shard's view on a real disk. Reads throw ViewRecordUnreadable where a record fails its
 * checksum, and where the lazily read content of a listed version was dropped meanwhile.
 */
export interface StoredShardView extends ShardView {
  /**
   * A snapshot is being installed, or was when the process ended, or the view is damaged so that it
   * needs one: nothing here may be read or applied.
   */
  installing(): boolean;
  /**
   * From here on small content stays in the log, and the view names the places. To be called before
   * anything is read or applied, with the log of the same shard.
   */
  useLog(placed: PlacedContent): void;
  /** Tells of each content that somebody wanted and that cannot be read, as often as it is wanted. */
  onLost(lost: (content: LostContent) => void): void;
  /** Everything as of one moment. Must be closed, once. */
  snapshot(): ViewSnapshot;
  installer(): SnapshotInstaller;
  /** All kept versions, in an order of their own, from the key on (null: the first). */
  versionsFrom(key: Uint8Array | null, limit: number): VersionPage;
  /** As `versionsFrom`, those among them whose content is at a place in the log. */
  placesFrom(key: Uint8Array | null, limit: number): PlacePage;
  /**
   * Puts content into the view itself that it names a place of. What is no longer kept, or does not
   * hash to its version's etag, is left out. False when it is not certain that the rest is on disk, as
   * while a snapshot is installed.
   */
  hold(contents: readonly HeldContent[]): Promise<boolean>;
  /** When every place that was taken is in a record; false if the view failed or was closed. */
  applied(): Promise<boolean>;
  /** While there are any, they may name places that the view itself no longer does. */
  openSnapshots(): number;
}

export interface VersionPage {
  readonly versions: readonly FileVersion[];
  /** Where the next page begins; null at the end. */
  readonly next: Uint8Array | null;
}

export interface PlacedVersion {
  readonly name: string;
  readonly version: number;
  readonly place: ContentPlace;
}

export interface PlacePage {
  readonly placed: readonly PlacedVersion[];
  /** Where the next page begins; null at the end. */
  readonly next: Uint8Array | null;
}

export class LmdbShardView implements StoredShardView, ContentSource {
  private visible: Position;
  private durable: Position;
  private isInstalling: boolean;
  private closed = false;
  private readonly writer: ViewWriter;
  private log: PlacedContent | null = null;
  private snapshots = 0;
  private tellLost: ((content: LostContent) => void) | null = null;

  constructor(
    shard: string,
    private readonly db: RecordDatabase,
  ) {
    const { position, installing, ownership } = this.readState();
    this.visible = position;
    this.durable = position;
    this.isInstalling = installing;
    this.writer = new ViewWriter(shard, db, position, ownership, {
      visible: (position) => {
        this.visible = position;
      },
      durable: (position) => {
        this.durable = position;
      },
    });
  }

  useLog(placed: PlacedContent): void {
    this.log = placed;
    this.writer.useLog(placed);
  }

  onLost(lost: (content: LostContent) => void): void {
    this.tellLost = lost;
  }

  lost(content: LostContent): void {
    this.tellLost?.(content);
  }

  placed(place: ContentPlace, at: Position): Uint8Array | undefined {
    return this.log?.read(place, at);
  }

  position(): Position {
    return this.visible;
  }

  durablePosition(): Position {
    return this.durable;
  }

  installing(): boolean {
    return this.isInstalling;
  }

  head(name: string): FileVersion | undefined {
    const key = nameKey(RecordKind.head, name);
    const head = this.read(key) ?? this.read(nameKey(RecordKind.tombstone, name));
    if (!Array.isArray(head) || !isCount(head[0])) return undefined;
    return fileVersionFrom(name, head, this);
  }

  version(name: string, version: number): FileVersion | undefined {
    const value = this.read(versionKey(name, version));
    return value === undefined ? undefined : fileVersionFrom(name, value, this);
  }

  history(name: string, below: number, limit: number): FileVersion[] {
    if (limit <= 0 || below <= 0) return [];
    const start = versionKey(name, Math.min(below, Number.MAX_SAFE_INTEGER) - 1);
    const end = versionKey(name, 0);
    const found: FileVersion[] = [];
    for (const { key, value } of this.db.getRange({ start, end, reverse: true, limit })) {
      found.push(fileVersionFrom(name, unseal(key, value), this));
    }
    return found;
  }

  list(query: ListQuery): FileVersion[] {
    if (query.limit <= 0) return [];
    const bounds = listBounds(RecordKind.head, query);
    const found: FileVersion[] = [];
    for (const { key, value } of this.db.getRange({ ...bounds, limit: query.limit })) {
      found.push(fileVersionFrom(nameOfKey(key), unseal(key, value), this));
    }
    return found;
  }

  names(query: ListQuery): string[] {
    if (query.limit <= 0) return [];
    const kinds = [RecordKind.head, RecordKind.tombstone];
    const keys = kinds.flatMap((kind) => [
      ...this.db.getKeys({ ...listBounds(kind, query), limit: query.limit }),
    ]);
    const sorted = keys.map((key) => Buffer.from(key).subarray(1)).sort(Buffer.compare);
    return sorted.slice(0, query.limit).map(String);
  }

  requests(fromSeq: number): RequestRecord[] {
    const start = requestKey(Math.max(0, fromSeq));
    const end = afterPrefix(Uint8Array.of(RecordKind.request));
    const found: RequestRecord[] = [];
    for (const { key, value } of this.db.getRange({ start, end })) {
      found.push(requestFrom(key, unseal(key, value)));
    }
    return found;
  }

  ownership(): OwnershipRecord[] {
    const start = Buffer.of(RecordKind.ownership);
    return [...this.db.getRange({ start, end: afterPrefix(start) })].map(({ key, value }) =>
      ownershipFrom(unseal(key, value)),
    );
  }

  configuration(): Configuration | null {
    const value = this.read(CONFIGURATION_KEY);
    return value === undefined ? null : (unpackConfiguration(value) ?? unreadable('the sites'));
  }

  apply(entries: readonly LogEntry[], done: (failure: StorageFailure | null) => void): void {
    if (this.isInstalling) throw new Error('nothing is applied while a snapshot is installed');
    this.writer.apply(entries, done);
  }

  snapshot(): ViewSnapshot {
    this.snapshots += 1;
    return takeSnapshot(this.db, this, () => {
      this.snapshots -= 1;
    });
  }

  installer(): SnapshotInstaller {
    return new LmdbSnapshotInstaller(this.db, {
      version: (name, version) => this.version(name, version),
      placed: (place, at) => this.placed(place, at),
      // What differs from another site's is brought by the snapshot.
      lost: () => undefined,
      began: () => {
        this.isInstalling = true;
      },
      finished: (position) => {
        this.isInstalling = false;
        this.visible = position;
        this.durable = position;
        this.writer.restart(position, this.ownership());
      },
      isClosed: () => this.closed,
    });
  }

  versionsFrom(from: Uint8Array | null, limit: number): VersionPage {
    const versions: FileVersion[] = [];
    const next = this.eachVersion(from, limit, (key, fields) => {
      versions.push(fileVersionFrom(nameOfVersionKey(key), fields, this));
    });
    return { versions, next };
  }

  placesFrom(from: Uint8Array | null, limit: number): PlacePage {
    const placed: PlacedVersion[] = [];
    const next = this.eachVersion(from, limit, (key, fields) => {
      const place = placeIn(fields);
      if (place) placed.push({ name: nameOfVersionKey(key), version: versionOfKey(key), place });
    });
    return { placed, next };
  }

  hold(contents: readonly HeldContent[]): Promise<boolean> {
    return this.writer.hold(contents, () => this.isInstalling);
  }

  applied(): Promise<boolean> {
    return this.writer.applied();
  }

  openSnapshots(): number {
    return this.snapshots;
  }

  /** Returns where the next page begins; null at the end. */
  private eachVersion(
    from: Uint8Array | null,
    limit: number,
    each: (key: Buffer, fields: unknown) => void,
  ): Uint8Array | null {
    const first = Buffer.of(RecordKind.version);
    const start = from === null ? first : (from as Buffer);
    let count = 0;
    let last: Buffer | null = null;
    for (const { key, value } of this.db.getRange({ start, end: afterPrefix(first), limit })) {
      each(key, unseal(key, value));
      last = key;
      count += 1;
    }
    if (last === null || count < limit) return null;
    return versionKey(nameOfVersionKey(last), versionOfKey(last) + 1);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.writer.close();
  }

  /** A view whose own state is damaged counts as one that a snapshot has to fill. */
  private readState(): {
    readonly position: Position;
    readonly installing: boolean;
    readonly ownership: readonly OwnershipRecord[];
  } {
    try {
      const installing = this.read(INSTALLING_KEY) !== undefined;
      const position = positionFrom(this.read(POSITION_KEY));
      return { position, installing, ownership: this.ownership() };
    } catch (error) {
      if (!(error instanceof ViewRecordUnreadable)) throw error;
      return { position: ORIGIN, installing: true, ownership: [] };
    }
  }

  private read(key: Uint8Array): unknown {
    const sealed = this.db.getBinary(key as Buffer);
    return sealed && unseal(key, sealed);
  }
}
