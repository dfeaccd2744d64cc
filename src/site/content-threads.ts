import { availableParallelism } from 'node:os';
import type { BodyHashes, Cut, CuttingAnswer, CuttingQuestion } from './content-cutting.js';
import { type ContentThread, SameThread, WorkerThread } from './content-thread.js';
import type { DigestName } from './site-context.js';

/** Half of the processors, but never more than this. */
const THREADS_LIMIT = 4;

export type Answered<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

/** One body that is being cut: its questions go to one thread, one after the other. */
export interface CutBody {
  advance(chunk: {
    readonly bytes: Uint8Array;
    readonly fromBytes: number;
    readonly positionBytes: number;
    readonly isEnd: boolean;
  }): Promise<Answered<Cut>>;
  end(): Promise<Answered<BodyHashes>>;
  /** It is not wanted any more. */
  drop(): void;
}

/** The threads that cut and hash content for a site; started when there is something to do. */
export class ContentThreads {
  private threads: ContentThread[] = [];
  private lastBody = 0;

  constructor(
    private readonly start: () => ContentThread = startThread,
    private readonly limit = Math.max(1, Math.min(THREADS_LIMIT, availableParallelism() >> 1)),
  ) {}

  begin(digests: readonly DigestName[]): CutBody {
    const thread = this.leastBusy();
    this.lastBody += 1;
    const body = this.lastBody;
    const begun = settled(thread.ask({ kind: 'begin', body, digests }));
    const ask = async <T>(question: CuttingQuestion): Promise<Answered<T>> => {
      const first = await begun;
      if (!first.ok) return first;
      return (await settled(thread.ask(question))) as Answered<T>;
    };
    return {
      advance: (chunk) => ask({ kind: 'advance', body, ...chunk }),
      end: () => ask({ kind: 'end', body }),
      drop: () => void ask({ kind: 'drop', body }),
    };
  }

  /** Those that live, and what waits for them. */
  counts(): { readonly threads: number; readonly questions: number } {
    const alive = this.threads.filter(({ isAlive }) => isAlive);
    const questions = alive.reduce((sum, { waiting }) => sum + waiting, 0);
    return { threads: alive.length, questions };
  }

  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  private leastBusy(): ContentThread {
    this.threads = this.threads.filter(({ isAlive }) => isAlive);
    const [first, ...others] = this.threads;
    const best = others.reduce((a, b) => (b.waiting < a!.waiting ? b : a), first);
    if (best !== undefined && (best.waiting === 0 || this.threads.length >= this.limit)) {
      return best;
    }
    const thread = this.start();
    this.threads.push(thread);
    return thread;
  }
}

/** A thread runs a compiled file: from sources the work is done where it is asked for. */
function startThread(): ContentThread {
  if (import.meta.url.endsWith('.ts')) return new SameThread();
  return new WorkerThread(new URL('./content-worker.js', import.meta.url));
}

async function settled(answer: Promise<CuttingAnswer>): Promise<Answered<CuttingAnswer>> {
  try {
    return { ok: true, value: await answer };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}
