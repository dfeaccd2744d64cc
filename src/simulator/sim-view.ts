import type { FileVersion } from '../protocol/file-version.js';
import {
  type Configuration,
  type LogEntry,
  type NamePattern,
  type Operation,
  ORIGIN,
  type Position,
  fileVersionOf,
} from '../protocol/log-entry.js';
import type {
  ListQuery,
  OwnershipRecord,
  RequestRecord,
  ShardView,
  StorageFailure,
} from '../protocol/ports.js';
import type { NodeClock } from './clock.js';
import type { Random } from './random.js';
import { firstNotBelow } from '../protocol/utf8-order.js';

export interface ViewOptions {
  /** From `apply` to its callback, in milliseconds of true time. */
  readonly applyMs: number;
  /** So many applied entries go to disk together, with their position. */
  readonly batchEntries: number;
}

export const DEFAULT_VIEW: ViewOptions = { applyMs: 0.05, batchEntries: 32 };

interface Applied {
  readonly before: Position;
  readonly undo: () => void;
}

/** Also the order in which rules are told. */
function patternKey(pattern: NamePattern): string {
  return pattern.kind === 'exact' ? `e${pattern.name}` : `p${pattern.prefix}`;
}

/** A request id is remembered for at least this many entries, and forgotten in blocks. */
export const REQUEST_ENTRIES = 65_536;
const FORGET_BLOCK_ENTRIES = 1024;

function firstRememberedSeq(seq: number): number {
  const blocks = Math.floor((seq - REQUEST_ENTRIES) / FORGET_BLOCK_ENTRIES);
  return Math.max(0, blocks * FORGET_BLOCK_ENTRIES) + 1;
}

function ruleOf({ pattern, tableVersion }: Pick<OwnershipRecord, 'pattern' | 'tableVersion'>) {
  return { pattern, tableVersion };
}

/**
 * A shard's view in memory. What was applied since the last batch went to disk is kept in a journal
 * with its undo, so a crash can take the view back to any position from that batch on.
 */
export class SimView implements ShardView {
  /** Versions of each name, oldest first. */
  private readonly files = new Map<string, FileVersion[]>();
  private sortedNames: string[] = [];
  private requestLog: RequestRecord[] = [];
  private readonly owned = new Map<string, OwnershipRecord>();
  private configured: Configuration | null = null;
  private at: Position = ORIGIN;
  private journal: Applied[] = [];

  constructor(
    private readonly shard: string,
    private readonly clock: NodeClock,
    public options: ViewOptions = DEFAULT_VIEW,
  ) {}

  position(): Position {
    return this.at;
  }

  head(name: string): FileVersion | undefined {
    return this.files.get(name)?.at(-1);
  }

  version(name: string, version: number): FileVersion | undefined {
    return this.files.get(name)?.find((file) => file.version === version);
  }

  history(name: string, below: number, limit: number): FileVersion[] {
    const versions = this.files.get(name) ?? [];
    return versions
      .filter((file) => file.version < below)
      .reverse()
      .slice(0, limit);
  }

  list(query: ListQuery): FileVersion[] {
    const found: FileVersion[] = [];
    this.scan(query, (name) => {
      const head = this.head(name);
      if (head !== undefined && !head.deleted) found.push(head);
      return found.length < query.limit;
    });
    return found;
  }

  names(query: ListQuery): string[] {
    const found: string[] = [];
    this.scan(query, (name) => found.push(name) < query.limit);
    return found;
  }

  requests(fromSeq: number): RequestRecord[] {
    const least = Math.max(fromSeq, firstRememberedSeq(this.at.seq));
    let low = 0;
    let high = this.requestLog.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.requestLog[middle]!.seq < least) low = middle + 1;
      else high = middle;
    }
    return this.requestLog.slice(low);
  }

  ownership(): OwnershipRecord[] {
    const keys = [...this.owned.keys()].sort();
    return keys.map((key) => this.owned.get(key)!);
  }

  configuration(): Configuration | null {
    return this.configured;
  }

  apply(entries: readonly LogEntry[], done: (failure: StorageFailure | null) => void): void {
    this.clock.deliverAfter(this.options.applyMs, () => {
      for (const entry of entries) this.applyOne(entry);
      done(null);
    });
  }

  /** Applies without delay or callback: for tests, and to fill a view. */
  applyNow(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.applyOne(entry);
  }

  /** The last position that certainly survives a crash. */
  durablePosition(): Position {
    return this.journal[0]?.before ?? this.at;
  }

  /** The power goes: the view falls back to some position from its last durable batch on. */
  crash(random: Random): void {
    const kept = random.int(this.journal.length + 1);
    for (const applied of this.journal.slice(kept).reverse()) {
      applied.undo();
      this.at = applied.before;
    }
    this.journal = [];
  }

  wipe(): void {
    this.files.clear();
    this.sortedNames = [];
    this.requestLog = [];
    this.owned.clear();
    this.configured = null;
    this.at = ORIGIN;
    this.journal = [];
  }

  /** Becomes, durably and at once, what the other view is now. */
  install(other: SimView): void {
    this.wipe();
    for (const [name, versions] of other.files) this.files.set(name, [...versions]);
    this.sortedNames = [...other.sortedNames];
    this.requestLog = [...other.requestLog];
    for (const [key, record] of other.owned) this.owned.set(key, record);
    this.configured = other.configured;
    this.at = other.at;
  }

  /** The view as of now, on its own. */
  copy(): SimView {
    const view = new SimView(this.shard, this.clock, this.options);
    view.install(this);
    return view;
  }

  /** Every version kept, for judges. */
  *allVersions(): Iterable<FileVersion> {
    for (const name of this.sortedNames) yield* this.files.get(name) ?? [];
  }

  private applyOne(entry: LogEntry): void {
    if (entry.seq <= this.at.seq) return;
    if (entry.seq !== this.at.seq + 1) {
      throw new Error(`entry ${entry.seq} applied to a view at ${this.at.seq}`);
    }
    const before = this.at;
    const undo = this.remember(entry, this.change(entry));
    this.at = { epoch: entry.epoch, seq: entry.seq };
    this.journal.push({ before, undo });
    if (this.journal.length >= this.options.batchEntries) this.journal = [];
  }

  private change(entry: LogEntry): () => void {
    const { operation } = entry;
    switch (operation.kind) {
      case 'noop':
      case 'configured':
        return () => {};
      case 'put':
      case 'delete':
        return this.addVersion(fileVersionOf(entry)!, operation.erases ?? []);
      case 'retain':
        return this.retain(operation);
      case 'move-in':
        return this.moveRule({ ...ruleOf(operation), state: 'in', to: this.shard });
      case 'move-out':
        return this.moveRule({ ...ruleOf(operation), state: 'out', to: operation.to });
      case 'move-back':
        return this.moveRule({ ...ruleOf(operation), state: 'back', to: operation.to });
      case 'configure':
        return this.configure(operation.configuration);
    }
  }

  private configure(configuration: Configuration): () => void {
    const previous = this.configured;
    this.configured = configuration;
    return () => {
      this.configured = previous;
    };
  }

  private moveRule(record: OwnershipRecord): () => void {
    const key = patternKey(record.pattern);
    const previous = this.owned.get(key);
    if (previous !== undefined && previous.tableVersion > record.tableVersion) return () => {};
    this.owned.set(key, record);
    return () => {
      if (previous === undefined) this.owned.delete(key);
      else this.owned.set(key, previous);
    };
  }

  private remember(entry: LogEntry, undo: () => void): () => void {
    const { requestId, epoch, seq } = entry;
    if (requestId === '') return undo;
    const file = fileVersionOf(entry);
    const version = file?.version ?? 0;
    this.requestLog.push({ requestId, epoch, seq, name: file?.name ?? '', version });
    return () => {
      this.requestLog.pop();
      undo();
    };
  }

  private addVersion(file: FileVersion, erased: readonly number[]): () => void {
    const { name, version } = file;
    let versions = this.files.get(name);
    if (versions === undefined) {
      versions = [];
      this.files.set(name, versions);
      this.sortedNames.splice(firstNotBelow(this.sortedNames, name), 0, name);
    }
    const list = versions;
    const before = erased.length === 0 ? null : [...list];
    const isKept = (old: FileVersion): boolean =>
      old.version >= version || !erased.includes(old.version);
    if (before !== null) list.splice(0, list.length, ...before.filter(isKept));
    list.push(file);
    return () => {
      list.pop();
      if (before !== null) list.splice(0, list.length, ...before);
      if (list.length > 0) return;
      this.files.delete(name);
      this.sortedNames.splice(firstNotBelow(this.sortedNames, name), 1);
    };
  }

  /** Drops what the rules do not keep; heads stay, tombstones among them. */
  private retain({ beforeMs, rules = [] }: Extract<Operation, { kind: 'retain' }>): () => void {
    const dropped: { readonly name: string; readonly versions: FileVersion[] }[] = [];
    for (const [name, versions] of this.files) {
      const rule = rules.find(({ bucket }) => name.startsWith(`${bucket}/`));
      const [leastMs, most] = rule ? [rule.beforeMs, rule.versions] : [beforeMs, null];
      const young = versions.filter((_, index) => {
        const next = versions[index + 1];
        return next === undefined || next.modifiedMs >= leastMs;
      });
      const kept = most === null ? young : young.slice(-1 - most);
      if (kept.length === versions.length) continue;
      dropped.push({ name, versions: [...versions] });
      versions.splice(0, versions.length, ...kept);
    }
    return () => {
      for (const { name, versions } of dropped) {
        const list = this.files.get(name)!;
        list.splice(0, list.length, ...versions);
      }
    };
  }

  /** Visits names under the prefix, after the given one, in order, until told to stop. */
  private scan(query: ListQuery, visit: (name: string) => boolean): void {
    const start = firstNotBelow(this.sortedNames, query.prefix);
    const after = firstNotBelow(this.sortedNames, query.after);
    const skipped = this.sortedNames[after] === query.after ? after + 1 : after;
    if (query.limit <= 0) return;
    for (let index = Math.max(start, skipped); index < this.sortedNames.length; index += 1) {
      const name = this.sortedNames[index]!;
      if (!name.startsWith(query.prefix) || !visit(name)) return;
    }
  }
}
