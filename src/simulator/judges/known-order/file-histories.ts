import type { CommittedEntry, History, Operation } from '../../history.js';
import { type Call, callOf } from './call.js';

/** What is known of one file, in the order of the history. */
export interface FileHistory {
  readonly name: string;
  readonly calls: readonly Call[];
  readonly entries: readonly CommittedEntry[];
  /** Whether the history has a commit chain at all. */
  readonly isChainKnown: boolean;
}

/**
 * The files of a history, one at a time: each is a register of its own, and what judging one of
 * them needs is garbage before the next begins. Listings and failed reads say nothing of a file.
 */
export function* fileHistories(history: History): Generator<FileHistory> {
  const files = new Map<string, number>();
  const operations = new Partition(history.operations, files);
  const entries = new Partition(history.entries ?? [], files);
  const isChainKnown = history.entries !== null;
  for (const [name, file] of files) {
    const calls = operations.of(file).filter(isOfFile).map(callOf);
    yield { name, calls, entries: entries.of(file), isChainKnown };
  }
}

function isOfFile({ kind, outcome }: Operation): boolean {
  return kind !== 'list' && outcome !== 'failed';
}

/** Items by the number of their file: a counting sort, since many growing lists are slow to fill. */
class Partition<T extends { readonly name: string }> {
  private readonly fileOf: Int32Array;
  private arranged: { readonly ends: Int32Array; readonly order: Int32Array } | undefined;

  constructor(
    private readonly items: readonly T[],
    private readonly files: Map<string, number>,
  ) {
    this.fileOf = new Int32Array(items.length);
    for (let index = 0; index < items.length; index += 1) {
      this.fileOf[index] = this.fileNumber(items[index]!.name);
    }
  }

  of(file: number): T[] {
    const { ends, order } = (this.arranged ??= this.arrange());
    const items: T[] = [];
    const end = ends[file]!;
    for (let at = file === 0 ? 0 : ends[file - 1]!; at < end; at += 1) {
      items.push(this.items[order[at]!]!);
    }
    return items;
  }

  private fileNumber(name: string): number {
    const known = this.files.get(name);
    if (known !== undefined) return known;
    this.files.set(name, this.files.size);
    return this.files.size - 1;
  }

  private arrange(): { readonly ends: Int32Array; readonly order: Int32Array } {
    // Where each file's items begin; filling the order moves that on to where they end.
    const ends = new Int32Array(this.files.size);
    for (const file of this.fileOf) ends[file]! += 1;
    let begin = 0;
    for (let file = 0; file < ends.length; file += 1) {
      const count = ends[file]!;
      ends[file] = begin;
      begin += count;
    }
    const order = new Int32Array(begin);
    for (let index = 0; index < this.fileOf.length; index += 1) {
      const file = this.fileOf[index]!;
      order[ends[file]!] = index;
      ends[file]! += 1;
    }
    return { ends, order };
  }
}
