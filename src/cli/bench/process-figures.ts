import { readFileSync } from 'node:fs';

/*
 * What Linux tells of a process. Elsewhere, or once the process is gone, the figures are NaN, and
 * shown as not measured.
 */

const TICKS_PER_SECOND = 100;

/** Processor time of all threads since the start of the process. */
export function cpuMs(pid: number): number {
  const text = read(`/proc/${pid}/stat`);
  // The name of the program, in brackets, may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11] ?? Number.NaN) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

export interface Memory {
  /** Resident in all, pages of mapped files included. */
  readonly totalBytes: number;
  /** Resident and not of a file. */
  readonly ownBytes: number;
}

export function memory(pid: number): Memory {
  const text = read(`/proc/${pid}/status`);
  const field = (name: string): number => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
    return Number(kibibytes ?? Number.NaN) * 1024;
  };
  return { totalBytes: field('VmRSS'), ownBytes: field('RssAnon') };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

const SAMPLE_MS = 25;

/** Notes the most memory that each process had while it was watched. */
export class MemoryPeak {
  readonly #peaks = new Map<string, Memory>();
  readonly #timer: NodeJS.Timeout;

  constructor(pids: ReadonlyMap<string, number>) {
    const sample = (): void => {
      for (const [name, pid] of pids) {
        const now = memory(pid);
        const peak = this.#peaks.get(name) ?? { totalBytes: 0, ownBytes: 0 };
        this.#peaks.set(name, {
          totalBytes: Math.max(peak.totalBytes, now.totalBytes),
          ownBytes: Math.max(peak.ownBytes, now.ownBytes),
        });
      }
    };
    sample();
    this.#timer = setInterval(sample, SAMPLE_MS);
  }

  end(): ReadonlyMap<string, Memory> {
    clearInterval(this.#timer);
    return this.#peaks;
  }
}
