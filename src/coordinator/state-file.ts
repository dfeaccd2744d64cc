import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from '@node-rs/crc32';
import { z } from 'zod';
import { keySchema, parseRevised, revisionSchema } from './coordinator-schema.js';
import { CoordinatorState } from './coordinator-state.js';

/** Format 1: a line of JSON `{format, crc32}`, then the JSON of the state. */
const FORMAT = 1;

const headSchema = z.object({ format: z.int(), crc32: z.int() });
const bodySchema = z.object({
  revision: revisionSchema,
  documents: z.array(z.object({ key: keySchema, record: z.unknown() })),
});

export type LoadedState =
  | { readonly ok: true; readonly state: CoordinatorState }
  | {
      readonly ok: false;
      readonly reason: 'damaged' | 'unknown_format' | 'io_error';
      readonly message: string;
    };

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A file that is not there is an empty state; one that cannot be understood never is. */
export async function loadState(path: string): Promise<LoadedState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { ok: true, state: new CoordinatorState() };
    }
    return { ok: false, reason: 'io_error', message: describe(error) };
  }
  try {
    return parseState(text, path);
  } catch (error) {
    return { ok: false, reason: 'damaged', message: `${path} is damaged: ${describe(error)}` };
  }
}

function parseState(text: string, path: string): LoadedState {
  const damaged = (what: string): LoadedState => ({
    ok: false,
    reason: 'damaged',
    message: `${path} is damaged: ${what}`,
  });
  const end = text.indexOf('\n');
  if (end < 0) return damaged('no head');
  const head = headSchema.parse(JSON.parse(text.slice(0, end)));
  if (head.format !== FORMAT) {
    const message = `${path} has format ${head.format}, this build reads ${FORMAT}`;
    return { ok: false, reason: 'unknown_format', message };
  }
  const body = text.slice(end + 1);
  if (crc32(body) !== head.crc32) return damaged('the checksum does not match');
  const { revision, documents } = bodySchema.parse(JSON.parse(body));
  const state = new CoordinatorState();
  for (const { key, record } of documents) {
    const revised = parseRevised(key, record);
    if (revised === null) return damaged(`the record of ${key} does not match its schema`);
    state.restore(key, revised);
  }
  state.restoreRevision(revision);
  return { ok: true, state };
}

function printState(state: CoordinatorState): string {
  const documents = state.list('').map(([key, record]) => ({ key, record }));
  const body = JSON.stringify({ revision: state.revision, documents });
  return `${JSON.stringify({ format: FORMAT, crc32: crc32(body) })}\n${body}`;
}

/** Replaces the file as a whole; on disk, name included, when it resolves. Throws on any failure. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes a state to its file; all who ask while a write is under way share the next one. */
export class StateFile {
  private waiting: ((failure: string | null) => void)[] = [];
  private writing = false;
  private failure: string | null = null;
  private durableRevision: number;

  /** `state` is what the file holds now. */
  constructor(
    private readonly path: string,
    private readonly state: CoordinatorState,
  ) {
    this.durableRevision = state.revision;
  }

  isDurable(revision: number): boolean {
    return revision <= this.durableRevision;
  }

  /**
   * Resolves to null when the revision is on disk, or to why it never will be. A failure is final
   * for all later revisions.
   */
  durable(revision: number): Promise<string | null> {
    if (this.isDurable(revision)) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (!this.writing) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      try {
        if (this.failure === null) {
          const { revision } = this.state;
          await replaceFile(this.path, printState(this.state));
          this.durableRevision = revision;
        }
      } catch (error) {
        this.failure = `${this.path} cannot be written: ${describe(error)}`;
      }
      for (const resolve of batch) resolve(this.failure);
    }
    this.writing = false;
  }
}
