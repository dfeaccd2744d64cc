import type { FileVersion } from '../../protocol/file-version.js';
import {
  type Configuration,
  fileVersionOf,
  type LogEntry,
  ORIGIN,
  type Position,
  positionOf,
} from '../../protocol/log-entry.js';
import type {
  ListQuery,
  OwnershipRecord,
  RequestRecord,
  ShardView,
  StorageFailure,
} from '../../protocol/ports.js';
import {
  bucketOf,
  entriesAfter,
  erasedBy,
  forgottenRequestSeq,
  ownershipOf,
  patternText,
  requestOf,
  retentionOf,
} from './view-semantics.js';

interface Superseded {
  readonly name: string;
  readonly version: number;
  readonly atMs: number;
}

/** A view in memory, for tests: the plainest thing that behaves like the real one. */
export class MemoryShardView implements ShardView {
  private at: Position = ORIGIN;
  /** Versions of each name, oldest first. */
  private readonly files = new Map<string, FileVersion[]>();
  private superseded: Superseded[] = [];
  private remembered: RequestRecord[] = [];
  private readonly owned = new Map<string, OwnershipRecord>();
  private configured: Configuration | null = null;

  constructor(
    private readonly shard: string,
    /** Runs the callback in a later turn. */
    private readonly later: (callback: () => void) => void = queueMicrotask,
  ) {}

  position(): Position {
    return this.at;
  }

  /** Everything, at once: there is no power cut to survive. */
  durablePosition(): Position {
    return this.at;
  }

  head(name: string): FileVersion | undefined {
    return this.files.get(name)?.at(-1);
  }

  version(name: string, version: number): FileVersion | undefined {
    return this.files.get(name)?.find((file) => file.version === version);
  }

  history(name: string, below: number, limit: number): FileVersion[] {
    const all = (this.files.get(name) ?? []).filter((file) => file.version < below);
    return all.reverse().slice(0, Math.max(0, limit));
  }

  list(query: ListQuery): FileVersion[] {
    const heads = this.matching(query).map((name) => this.head(name));
    const live = heads.filter((head) => head !== undefined && !head.deleted);
    return live.slice(0, Math.max(0, query.limit)) as FileVersion[];
  }

  names(query: ListQuery): string[] {
    return this.matching(query).slice(0, Math.max(0, query.limit));
  }

  requests(fromSeq: number): RequestRecord[] {
    return this.remembered.filter(({ seq }) => seq >= fromSeq);
  }

  ownership(): OwnershipRecord[] {
    const byText = [...this.owned].sort(([a], [b]) => compareUtf8(a, b));
    return byText.map(([, record]) => record);
  }

  configuration(): Configuration | null {
    return this.configured;
  }

  apply(entries: readonly LogEntry[], done: (failure: StorageFailure | null) => void): void {
    for (const entry of entriesAfter(this.at.seq, entries)) this.take(entry);
    this.later(() => done(null));
  }

  private take(entry: LogEntry): void {
    this.at = positionOf(entry);
    const { operation } = entry;
    const request = requestOf(entry);
    if (request) this.remembered.push(request);
    const forgotten = forgottenRequestSeq(entry.seq);
    if ((this.remembered[0]?.seq ?? Number.POSITIVE_INFINITY) <= forgotten) {
      this.remembered = this.remembered.filter(({ seq }) => seq > forgotten);
    }
    const moved = ownershipOf(this.shard, operation);
    if (moved) this.takeOwnership(moved);
    if (operation.kind === 'configure') this.configured = operation.configuration;
    if (operation.kind === 'retain') this.retain(operation);
    const file = fileVersionOf(entry);
    if (file) this.takeFile(file, erasedBy(entry));
  }

  private takeOwnership(record: OwnershipRecord): void {
    const text = patternText(record.pattern);
    if ((this.owned.get(text)?.tableVersion ?? -1) <= record.tableVersion) {
      this.owned.set(text, record);
    }
  }

  private takeFile(file: FileVersion, erased: readonly number[]): void {
    const all = this.files.get(file.name);
    const versions = all?.filter(({ version }) => !erased.includes(version));
    const last = all?.at(-1);
    if (last) {
      this.superseded.push({ name: file.name, version: last.version, atMs: file.modifiedMs });
    }
    this.files.set(file.name, [...(versions ?? []), file]);
  }

  private retain(operation: Extract<LogEntry['operation'], { kind: 'retain' }>): void {
    const ruleOf = retentionOf(operation);
    this.drop(({ name, atMs }) => Math.max(0, Math.floor(atMs)) < ruleOf(bucketOf(name)).beforeMs);
    const fromMs = Math.floor(operation.countFromMs ?? 0);
    const recent = this.superseded.filter(({ atMs }) => Math.max(0, Math.floor(atMs)) >= fromMs);
    for (const name of new Set(recent.map((record) => record.name))) {
      const { versions } = ruleOf(bucketOf(name));
      const all = this.files.get(name) ?? [];
      if (versions === null || all.length - 1 <= versions) continue;
      const gone = all.slice(0, all.length - 1 - versions);
      const has = (version: number): boolean => all.some((file) => file.version === version);
      this.drop(
        (record) =>
          record.name === name &&
          gone.some(({ version }) => version === record.version && has(version + 1)),
      );
      this.files.set(name, all.slice(gone.length));
    }
  }

  /** Forgets what was superseded, and that it was. */
  private drop(isGone: (record: Superseded) => boolean): void {
    for (const { name, version } of this.superseded.filter(isGone)) {
      const kept = (this.files.get(name) ?? []).filter((file) => file.version !== version);
      this.files.set(name, kept);
    }
    this.superseded = this.superseded.filter((record) => !isGone(record));
  }

  private matching({ prefix, after }: ListQuery): string[] {
    return [...this.files.keys()]
      .filter((name) => name.startsWith(prefix) && (after === '' || compareUtf8(name, after) > 0))
      .sort(compareUtf8);
  }
}

/** UTF-8 byte order is the order of code points, which differs from that of UTF-16 units. */
function compareUtf8(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length) {
    const [x, y] = [a.codePointAt(i) ?? 0, b.codePointAt(i) ?? 0];
    if (x !== y) return x - y;
    i += x > 0xffff ? 2 : 1;
  }
  return a.length - b.length;
}
