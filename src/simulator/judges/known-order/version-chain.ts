import type { CommittedEntry } from '../../history.js';
import { type Findings, describe, valueText } from '../finding.js';
import { Attempts } from './attempts.js';
import { type Call, firstOf } from './call.js';
import type { FileHistory } from './file-histories.js';
import { VersionTable } from './version-table.js';

/** One version of one file, and the call that wrote it, where it is known. */
export interface Version {
  readonly version: number;
  /** null: a delete; undefined: not recorded. */
  readonly value: string | null | undefined;
  readonly epoch: number | undefined;
  readonly seq: number | undefined;
  readonly shard: string | undefined;
  readonly writer: Call | undefined;
  /** The first attempt that can have made it. */
  readonly first: Call | undefined;
  /** When that began; −Infinity where nobody knows. */
  readonly startMs: number;
}

/** Where a version stands: from the commit chain, or from the answer that told of it. */
interface Position {
  readonly epoch?: number | undefined;
  readonly seq?: number | undefined;
  readonly shard?: string | undefined;
}

function versionOf(
  version: number,
  value: Version['value'],
  { epoch, seq, shard }: Position,
  writer: Call | undefined,
  first: Call | undefined,
): Version {
  return { version, value, epoch, seq, shard, writer, first, startMs: first?.startMs ?? -Infinity };
}

/**
 * The versions of one file, from the commit chain and from what writers were told. Building it
 * judges that each version is one write (I1), each request one version (I14), and that what was
 * answered is what happened (I2).
 */
export class VersionChain {
  readonly name: string;
  private readonly isKnown: boolean;
  private readonly table: VersionTable<Version>;
  private readonly attempts: Attempts;
  private readonly requestIds = new Set<string>();
  /** Writes with an unknown outcome that no chain can tell of, by their content. */
  private readonly unknownByValue = new Map<string, Call>();
  private hasUnknownDelete = false;

  constructor(
    file: FileHistory,
    private readonly findings: Findings,
  ) {
    const { calls, entries } = file;
    this.name = file.name;
    this.isKnown = file.isChainKnown;
    this.table = new VersionTable(calls.length + entries.length);
    this.attempts = new Attempts(calls);
    for (const entry of entries) this.addEntry(entry);
    for (const call of calls) if (call.kind !== 'read') this.addAnswer(call);
  }

  at(version: number): Version | undefined {
    return this.table.get(version);
  }

  /** In ascending order. */
  versions(): readonly Version[] {
    return this.table.values();
  }

  /** The state just before a version; undefined where the history does not tell. */
  before(version: number): Pick<Version, 'version' | 'value'> | undefined {
    if (version === 1) return { version: 0, value: null };
    const direct = this.table.get(version - 1);
    if (direct !== undefined || !this.isKnown) return direct;
    return lastBelow(this.versions(), version) ?? { version: 0, value: null };
  }

  /** Without a commit chain, a read that saw its value proves that an unknown write happened. */
  adoptUnknown({ operation, value }: Call, version: number): Version | undefined {
    if (this.isKnown) return undefined;
    const writer = typeof value === 'string' ? this.unknownByValue.get(value) : undefined;
    const isDelete = value == null && this.hasUnknownDelete;
    if (writer === undefined && !isDelete && value !== undefined) return undefined;
    if (typeof value === 'string') this.unknownByValue.delete(value);
    const { epoch, seq } = operation;
    const adopted = versionOf(version, value, { epoch, seq }, writer, writer);
    this.table.set(version, adopted);
    return adopted;
  }

  private addEntry(entry: CommittedEntry): void {
    const { version, value, requestId } = entry;
    const known = this.table.get(version);
    if (known !== undefined) {
      this.findings.add(
        'I1',
        `${this.name} has two versions ${version} in the commit chain: ` +
          `${valueText(known.value)} and ${valueText(value)}`,
      );
      return;
    }
    const tries = this.attempts.of(version, requestId);
    const writer = tries.find(({ outcome }) => outcome === 'committed') ?? tries[0];
    this.table.set(version, versionOf(version, value, entry, writer, firstOf(tries, writer)));
    if (requestId !== '' && this.requestIds.has(requestId)) {
      const said = `request ${requestId} took effect twice on ${this.name}, last as version ${version}`;
      this.findings.add('I14', said, ...tries.map(({ operation }) => operation));
    }
    this.requestIds.add(requestId);
    if (writer?.outcome !== 'rejected') return;
    if (tries.every(({ outcome }) => outcome === 'rejected')) {
      this.findings.add(
        'I2',
        `${describe(writer.operation)} and was told "rejected" (${writer.operation.reason}), ` +
          `yet it is version ${version} of the commit chain`,
        ...tries.map(({ operation }) => operation),
      );
    }
  }

  private addAnswer(call: Call): void {
    const { operation, kind, outcome, version, requestId } = call;
    if (outcome === 'unknown' && !this.isKnown) this.noteUnknown(call);
    if (outcome !== 'committed' || version === undefined) return;
    const value = kind === 'delete' ? null : call.value;
    const known = this.table.get(version);
    if (known !== undefined) {
      this.judgeSecondAnswer(call, known, value);
      return;
    }
    if (this.isKnown) {
      this.findings.add(
        'I2',
        `${describe(operation)} and was told "committed", yet the commit chain has no ` +
          `version ${version} of it: the write is lost`,
        operation,
      );
    }
    const { epoch, seq } = operation;
    const first = firstOf(this.attempts.of(version, requestId), call);
    this.table.set(version, versionOf(version, value, { epoch, seq }, call, first));
  }

  private noteUnknown(call: Call): void {
    const { kind, value, requestId } = call;
    if (kind === 'delete') this.hasUnknownDelete = true;
    if (value === undefined || value === null) return;
    this.unknownByValue.set(value, firstOf(this.attempts.under(requestId), call));
  }

  private judgeSecondAnswer(call: Call, known: Version, value: Version['value']): void {
    const { operation, requestId } = call;
    const { writer } = known;
    const isSame =
      writer === undefined ||
      writer === call ||
      (requestId !== '' && writer.requestId === requestId);
    const isOther = value !== undefined && known.value !== undefined && known.value !== value;
    if (isSame && !isOther) return;
    this.findings.add(
      'I1',
      `version ${known.version} of ${this.name} was given twice: ${describe(operation)}, ` +
        `but it holds ${valueText(known.value)}` +
        (writer === undefined ? '' : `, which ${describe(writer.operation)}`),
      operation,
      ...(writer === undefined ? [] : [writer.operation]),
    );
  }
}

function lastBelow(versions: readonly Version[], limit: number): Version | undefined {
  let [low, high] = [0, versions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (versions[middle]!.version < limit) low = middle + 1;
    else high = middle;
  }
  return versions[low - 1];
}
