import type { Pauses } from './pauses.js';
import type { Content, PutOptions, ReadOptions } from './options.js';
import type { QuorateFile, ReadResult, UpdateResult, WriteResult } from './results.js';
import { rejected } from './writes.js';

export interface Update {
  readonly name: string;
  readonly change: (file: QuorateFile | null) => Content | null | Promise<Content | null>;
  readonly put: PutOptions;
  readonly attempts: number;
  readonly untilMs: number;
}

export interface Updated {
  read(name: string, options: ReadOptions): Promise<ReadResult>;
  write(name: string, content: Content, options: PutOptions): Promise<WriteResult>;
}

/** Compare-and-set until nobody was in between, the attempts are used up, or the time is. */
export async function updateFile(
  client: Updated,
  pauses: Pauses,
  { name, change, put, attempts, untilMs }: Update,
): Promise<UpdateResult> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const read = await client.read(name, { mode: 'strong', timeoutMs: pauses.leftMs(untilMs) });
    if (read.outcome === 'failed') return { ...rejected(read.reason, ''), message: read.message };
    const file = read.outcome === 'found' ? read.file : null;
    const content = await change(file);
    if (content === null) return { outcome: 'unchanged', version: file?.version ?? null };
    const condition = file === null ? { ifAbsent: true } : { ifVersion: file.version };
    const timeoutMs = pauses.leftMs(untilMs);
    const written = await client.write(name, content, { ...put, ...condition, timeoutMs });
    const isRaced = written.outcome === 'rejected' && written.reason === 'precondition_failed';
    if (!isRaced) return written;
    if (!(await pauses.backOff(attempt, untilMs))) break;
  }
  return rejected('contention', '');
}
