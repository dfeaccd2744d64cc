import type { CacheEntry } from '../../protocol/client/cache.js';
import type { Machine } from './machine.js';
import type { Platform } from './platform.js';
import type { ReadResult } from './results.js';
import { resultOf } from './shown-file.js';

/** A loop that awaits nothing but memory has to let messages in now and then. */
const READS_PER_TURN = 1024;

interface Kept {
  readonly result: ReadResult;
  readonly promise: Promise<ReadResult>;
}

/** Reads from memory: the result of each cached file is made once and shared from then on. */
export class KeptResults {
  private readonly kept = new WeakMap<CacheEntry, Kept>();
  private reads = 0;

  constructor(
    private readonly platform: Platform,
    private readonly machine: Machine,
  ) {}

  /** Undefined unless the file's whole content may be used from memory at this moment. */
  peek(name: string): ReadResult | undefined {
    return this.find(name)?.result;
  }

  read(name: string): Promise<ReadResult> | undefined {
    const kept = this.find(name);
    if (kept === undefined) return undefined;
    this.reads += 1;
    return this.reads % READS_PER_TURN === 0 ? this.nextTurn(kept.result) : kept.promise;
  }

  private find(name: string): Kept | undefined {
    const entry = this.machine.memory(name);
    return entry === undefined ? undefined : (this.kept.get(entry) ?? this.make(entry));
  }

  private make(entry: CacheEntry): Kept | undefined {
    const result = resultOf(entry.head, 'memory');
    if (result === undefined) return undefined;
    const kept = { result, promise: Promise.resolve(result) };
    this.kept.set(entry, kept);
    return kept;
  }

  /** † It was valid within the call, so it is the right answer also when it is told a turn later. */
  private nextTurn(result: ReadResult): Promise<ReadResult> {
    return new Promise((resolve) => this.platform.nextTurn(() => resolve(result)));
  }
}
