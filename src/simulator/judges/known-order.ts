import type { CommittedEntry, History, Operation } from '../history.js';
import {
  type Finding,
  Findings,
  conditionHolds,
  conditionOf,
  describe,
  isConflict,
  isFresh,
  valueText,
} from './finding.js';

/** One version of one file, and the call that wrote it, where it is known. */
interface Version {
  readonly version: number;
  readonly value: string | null | undefined;
  readonly epoch: number | undefined;
  readonly seq: number | undefined;
  readonly shard: string | undefined;
  readonly writer: Operation | undefined;
  /** The first attempt that can have made it, and when that began. */
  readonly first: Operation | undefined;
  readonly startMs: number;
}

/** The earliest attempt that was not refused; `fallback` where all were. */
function firstOf(
  tries: readonly Operation[],
  fallback: Operation | undefined,
): Operation | undefined {
  let first: Operation | undefined;
  for (const each of tries) {
    if (each.outcome !== 'rejected' && each.startMs < (first?.startMs ?? Infinity)) first = each;
  }
  return first ?? fallback;
}

/** By request id: one call, or the list of its attempts. */
type Attempts = Map<string, Operation | Operation[]>;

const NO_ATTEMPTS: readonly Operation[] = [];

function attemptsUnder(attempts: Attempts, requestId: string | undefined): readonly Operation[] {
  if (requestId === undefined || requestId === '') return NO_ATTEMPTS;
  const found = attempts.get(requestId);
  if (found === undefined) return NO_ATTEMPTS;
  return Array.isArray(found) ? found : [found];
}

/**
 * Judges linearizability from the order that the store itself gave (I1, I2, I7, I14, I17, I18).
 * A file is a register whose history is its versions; every answer names the one it wrote, read or
 * was judged against. So it is enough that (1) a version has one content, (2) whoever starts after
 * another has finished is nowhere before it in that order, and (3) conditions were judged right.
 * An unknown outcome took effect if the commit chain has its request id, or if a read saw its
 * value. Takes time proportional to n log n; sorted input makes it linear.
 */
export function judgeKnownOrder(history: History): Finding[] {
  const findings = new Findings();
  const byName = groupByName(history);
  for (const [name, file] of byName) {
    if (findings.isFull) break;
    new FileJudge(name, file, history.entries !== null, findings).run();
  }
  return findings.list;
}

interface FileHistory {
  readonly operations: Operation[];
  readonly entries: CommittedEntry[];
}

function groupByName(history: History): Map<string, FileHistory> {
  const byName = new Map<string, FileHistory>();
  const of = (name: string): FileHistory => {
    let file = byName.get(name);
    if (file === undefined) {
      file = { operations: [], entries: [] };
      byName.set(name, file);
    }
    return file;
  };
  for (const operation of history.operations) {
    if (operation.kind === 'list' || operation.outcome === 'failed') continue;
    of(operation.name).operations.push(operation);
  }
  for (const entry of history.entries ?? []) of(entry.name).entries.push(entry);
  return byName;
}

/**
 * Attempts by request id, except for a version's first committed call, which is found by the
 * version: most calls are that, and a map of strings with all of them is what takes the time.
 */
function attemptsOf(
  operations: readonly Operation[],
  committed: ReadonlyMap<number, Operation>,
): Attempts {
  const attempts: Attempts = new Map();
  for (const operation of operations) {
    const { requestId, kind, version } = operation;
    if (requestId === undefined || requestId === '' || kind === 'read') continue;
    const isFirst = version !== undefined && committed.get(version) === operation;
    if (isFirst && operation.outcome === 'committed') continue;
    const known = attempts.get(requestId);
    if (known === undefined) attempts.set(requestId, operation);
    else if (Array.isArray(known)) known.push(operation);
    else attempts.set(requestId, [known, operation]);
  }
  return attempts;
}

/** The first call that was told to have committed each version. */
function committedOf(operations: readonly Operation[]): Map<number, Operation> {
  const committed = new Map<number, Operation>();
  for (const operation of operations) {
    const { outcome, version } = operation;
    if (outcome !== 'committed' || version === undefined) continue;
    if (!committed.has(version)) committed.set(version, operation);
  }
  return committed;
}

class FileJudge {
  private readonly attempts: Attempts;
  private readonly committed: ReadonlyMap<number, Operation>;
  private readonly versions = new Map<number, Version>();
  private readonly unknownByValue = new Map<string, Operation>();
  /** Versions made by writes whose own answer was `unknown`. */
  private readonly effects = new Map<Operation, Version>();
  private readonly requestIds = new Set<string>();
  private order: number[] = [];

  constructor(
    private readonly name: string,
    private readonly file: FileHistory,
    private readonly isChainKnown: boolean,
    private readonly findings: Findings,
  ) {
    this.committed = committedOf(file.operations);
    this.attempts = attemptsOf(file.operations, this.committed);
  }

  /** Every call under the request id that can have made the version. */
  private triesOf(version: number, requestId: string | undefined): readonly Operation[] {
    const others = attemptsUnder(this.attempts, requestId);
    const direct = this.committed.get(version);
    if (direct === undefined || requestId === undefined || requestId === '') return others;
    if (direct.requestId !== requestId) return others;
    return others.length === 0 ? [direct] : [direct, ...others];
  }

  run(): void {
    for (const entry of this.file.entries) this.addEntry(entry);
    for (const operation of this.file.operations) this.addWriter(operation);
    this.order = [...this.versions.keys()].sort((a, b) => a - b);
    this.judgePositions();
    for (const operation of this.file.operations) this.judgeContent(operation);
    if (this.order.length !== this.versions.size) {
      this.order = [...this.versions.keys()].sort((a, b) => a - b);
    }
    for (const operation of this.file.operations) this.judgeCondition(operation);
    for (const version of this.versions.values()) {
      if (version.first?.outcome === 'unknown') this.effects.set(version.first, version);
    }
    this.judgeRealTime();
  }

  private addEntry(entry: CommittedEntry): void {
    const { version, value, epoch, seq, shard, requestId } = entry;
    const known = this.versions.get(version);
    if (known !== undefined) {
      this.findings.add(
        'I1',
        `${this.name} has two versions ${version} in the commit chain: ` +
          `${valueText(known.value)} and ${valueText(value)}`,
      );
      return;
    }
    const tries = this.triesOf(version, requestId);
    if (requestId !== '' && this.requestIds.has(requestId)) {
      this.findings.add(
        'I14',
        `request ${requestId} took effect twice on ${this.name}, last as version ${version}`,
        ...tries,
      );
    }
    this.requestIds.add(requestId);
    const writer = tries.find(({ outcome }) => outcome === 'committed') ?? tries[0];
    const first = firstOf(tries, writer);
    this.versions.set(version, {
      version,
      value,
      epoch,
      seq,
      shard,
      writer,
      first,
      startMs: first?.startMs ?? -Infinity,
    });
    if (tries.length > 0 && tries.every(({ outcome }) => outcome === 'rejected')) {
      this.findings.add(
        'I2',
        `${describe(tries[0]!)} and was told "rejected" (${tries[0]!.reason}), ` +
          `yet it is version ${version} of the commit chain`,
        ...tries,
      );
    }
  }

  private addWriter(operation: Operation): void {
    const { kind, outcome, version, requestId } = operation;
    if (kind !== 'write' && kind !== 'delete') return;
    if (outcome === 'unknown' && operation.value != null && !this.isChainKnown) {
      const tries = attemptsUnder(this.attempts, requestId);
      this.unknownByValue.set(operation.value, firstOf(tries, operation) ?? operation);
    }
    if (outcome !== 'committed' || version === undefined) return;
    const value = kind === 'delete' ? null : operation.value;
    const known = this.versions.get(version);
    if (known === undefined) {
      if (this.isChainKnown) this.reportMissing(operation);
      const tries = this.triesOf(version, requestId);
      const first = firstOf(tries, operation) ?? operation;
      const { epoch, seq } = operation;
      const made = { shard: undefined, writer: operation, first, startMs: first.startMs };
      this.versions.set(version, { version, value, epoch, seq, ...made });
      return;
    }
    const isSame =
      known.writer === operation ||
      known.writer === undefined ||
      (requestId !== undefined && known.writer.requestId === requestId);
    if (!isSame || (value !== undefined && known.value !== undefined && known.value !== value)) {
      this.findings.add(
        'I1',
        `version ${version} of ${this.name} was given twice: ${describe(operation)}, ` +
          `but it holds ${valueText(known.value)}` +
          (known.writer === undefined ? '' : `, which ${describe(known.writer)}`),
        operation,
        ...(known.writer === undefined ? [] : [known.writer]),
      );
    }
  }

  private reportMissing(operation: Operation): void {
    this.findings.add(
      'I2',
      `${describe(operation)} and was told "committed", yet the commit chain has no ` +
        `version ${operation.version} of it: the write is lost`,
      operation,
    );
  }

  /** I17: positions grow along with versions, as long as one shard owned the file. */
  private judgePositions(): void {
    let previous: Version | undefined;
    for (const number of this.order) {
      const next = this.versions.get(number)!;
      if (
        previous?.epoch !== undefined &&
        next.epoch !== undefined &&
        previous.shard === next.shard &&
        (next.epoch < previous.epoch ||
          (next.epoch === previous.epoch && (next.seq ?? 0) <= (previous.seq ?? 0)))
      ) {
        this.findings.add(
          'I17',
          `${this.name}: version ${next.version} stands at (${next.epoch}, ${next.seq}), not ` +
            `behind version ${previous.version} at (${previous.epoch}, ${previous.seq})`,
          ...[previous.writer, next.writer].filter((each) => each !== undefined),
        );
      }
      previous = next;
    }
  }

  /** What was seen must have been written, with that content, and not after it was seen. */
  private judgeContent(operation: Operation): void {
    const { version, value, outcome } = operation;
    if (version === undefined || (outcome !== 'ok' && !isConflict(operation))) return;
    if (version === 0) {
      if (value !== undefined && value !== null) {
        const said = `${describe(operation)}: content without a version`;
        this.findings.add('I1', said, operation);
      }
      return;
    }
    const known = this.versions.get(version) ?? this.adoptUnknown(operation, version);
    if (known === undefined) {
      this.findings.add(
        'I7',
        `${describe(operation)}, but nobody ever committed version ${version} of it`,
        operation,
      );
      return;
    }
    const involved = known.writer === undefined ? [operation] : [operation, known.writer];
    if (value !== undefined && known.value !== undefined && value !== known.value) {
      this.findings.add(
        'I1',
        `${describe(operation)}, but version ${version} holds ${valueText(known.value)}`,
        ...involved,
      );
    }
    if (operation.endMs !== null && operation.endMs < known.startMs) {
      this.findings.add(
        'I7',
        `${describe(operation)}, before the write of version ${version} had begun ` +
          `at ${known.startMs.toFixed(1)} ms`,
        ...involved,
      );
    }
  }

  /** Without a commit chain, a read that saw its value proves that an unknown write happened. */
  private adoptUnknown(operation: Operation, version: number): Version | undefined {
    const { value } = operation;
    if (this.isChainKnown) return undefined;
    const writer = typeof value === 'string' ? this.unknownByValue.get(value) : undefined;
    const isDelete =
      value == null &&
      this.file.operations.some(({ kind, outcome }) => kind === 'delete' && outcome === 'unknown');
    if (writer === undefined && !isDelete && value !== undefined) return undefined;
    if (typeof value === 'string') this.unknownByValue.delete(value);
    const adopted: Version = {
      version,
      value,
      epoch: operation.epoch,
      seq: operation.seq,
      shard: undefined,
      writer,
      first: writer,
      startMs: writer?.startMs ?? -Infinity,
    };
    this.versions.set(version, adopted);
    return adopted;
  }

  private judgeCondition(operation: Operation): void {
    const condition = conditionOf(operation);
    const { version, outcome, requestId } = operation;
    if (condition === undefined || version === undefined) return;
    if (outcome === 'committed') {
      const writer = this.versions.get(version)?.writer;
      const isRetry = writer !== operation && requestId !== undefined;
      const before = this.before(version);
      if (isRetry || before === undefined || before.value === undefined) return;
      if (!conditionHolds(condition, before.version, before.value)) {
        this.findings.add(
          'linearizable',
          `${describe(operation)} on condition ${JSON.stringify(condition)}, which did not hold: ` +
            `before it stood version ${before.version} with ${valueText(before.value)}`,
          operation,
        );
      }
    } else if (isConflict(operation)) {
      const judged = version === 0 ? { value: null } : this.versions.get(version);
      if (judged?.value === undefined) return;
      if (conditionHolds(condition, version, judged.value)) {
        this.findings.add(
          'linearizable',
          `${describe(operation)} and was rejected, but its condition ` +
            `${JSON.stringify(condition)} holds for version ${version}`,
          operation,
        );
      }
    }
  }

  /** The state just before a version; undefined where the history does not tell. */
  private before(
    version: number,
  ): { readonly version: number; readonly value: string | null | undefined } | undefined {
    if (version === 1) return { version: 0, value: null };
    const direct = this.versions.get(version - 1);
    if (direct !== undefined || !this.isChainKnown) return direct;
    const lower = this.order.findLast((each) => each < version);
    return lower === undefined ? { version: 0, value: null } : this.versions.get(lower);
  }

  /** Sweeps starts and ends in time: nothing may be older than what had finished before it began. */
  private judgeRealTime(): void {
    const bound = this.file.operations.filter(
      (operation) =>
        isFresh(operation) &&
        (operation.outcome === 'ok' ||
          operation.outcome === 'committed' ||
          isConflict(operation) ||
          this.effectOf(operation) !== undefined),
    );
    const ends = sortedBy(
      bound.filter(({ endMs, version }) => endMs !== null && version !== undefined),
      ({ endMs }) => endMs!,
    );
    const starts = sortedBy(bound, ({ startMs }) => startMs);
    let next = 0;
    let newest: Operation | undefined;
    for (const operation of starts) {
      for (let end = ends[next]; end !== undefined; end = ends[next]) {
        if (end.endMs! >= operation.startMs) break;
        if (end.version! > (newest?.version ?? -1)) newest = end;
        next += 1;
      }
      if (newest !== undefined) this.judgeAgainst(operation, newest);
    }
  }

  private judgeAgainst(operation: Operation, newest: Operation): void {
    const version = operation.version ?? this.effectOf(operation)?.version;
    if (version === undefined || version > newest.version!) return;
    // The first attempt of a retried request is the one that took effect; its time is judged there.
    const effect = this.versions.get(version);
    const isWriter =
      operation.kind !== 'read' && !isConflict(operation) && effect?.first === operation;
    const isRetry = operation.kind !== 'read' && !isConflict(operation) && !isWriter;
    if (isRetry || (!isWriter && version === newest.version)) return;
    this.findings.add(
      'I18',
      `${describe(operation)} and ${isWriter ? 'got' : 'saw'} version ${version}, although ` +
        `${describe(newest)}, which had ended before`,
      newest,
      operation,
    );
  }

  /** The version an unknown write turned out to have made, known by its request id. */
  private effectOf(operation: Operation): Version | undefined {
    if (operation.outcome !== 'unknown') return undefined;
    return this.effects.get(operation);
  }
}

/** Moves on average that an insertion sort may take before a general one does better. */
const SHIFT_LIMIT = 32;

/** Sorts in place. Histories are nearly in order: insertion takes few moves then. */
function sortedBy(operations: Operation[], key: (operation: Operation) => number): Operation[] {
  const keys = Float64Array.from(operations, key);
  let shiftsLeft = operations.length * SHIFT_LIMIT;
  for (let index = 1; index < operations.length; index += 1) {
    const operation = operations[index]!;
    const own = keys[index]!;
    let at = index;
    for (; at > 0 && keys[at - 1]! > own; at -= 1) {
      keys[at] = keys[at - 1]!;
      operations[at] = operations[at - 1]!;
      shiftsLeft -= 1;
    }
    keys[at] = own;
    operations[at] = operation;
    if (shiftsLeft < 0) return operations.sort((a, b) => key(a) - key(b));
  }
  return operations;
}
