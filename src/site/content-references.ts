import type { ChunkedContent, FileVersion } from '../protocol/file-version.js';
import type { LogEntry, Operation } from '../protocol/log-entry.js';
import type { LogRead, ShardLog } from '../protocol/ports.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';

/** Where one shard's references to chunks are at this site. */
export interface ReferenceSource {
  readonly shard: string;
  readonly view: StoredShardView;
  readonly log: ShardLog;
  /** False while a snapshot is being installed: what the view refers to is not known then. */
  isReadable(): boolean;
  /** The seq of the entry before the first one that the log keeps. */
  logBaseSeq(): number;
  /** Entries in memory, also those that are on no disk yet. */
  logInMemory(): readonly LogEntry[];
}

/** A version, kept or not yet committed, whose content is in chunks. */
export interface Reference {
  readonly name: string;
  readonly version: number;
  readonly content: ChunkedContent;
}

export interface ReferencePage {
  /** Versions or entries, with and without references. */
  readonly read: number;
  readonly references: readonly Reference[];
  /** Those that the view keeps. */
  readonly versions: readonly FileVersion[];
}

/** What refers to chunks here cannot be read now, so nothing is known of what is referred to. */
export class ReferencesUnreadable extends Error {
  override readonly name = 'ReferencesUnreadable';
}

const PAGE_VERSIONS = 200;
const PAGE_ENTRIES = { entries: 500, bytes: 1024 * 1024 };

/**
 * Every reference of a shard to chunks at this site: those of its log, then those of its view, so
 * that what moves from the one to the other meanwhile is seen. What becomes referred to while this
 * goes on may be left out. Pages; each counts what was read, with and without references. Throws
 * ReferencesUnreadable.
 */
export async function* referencesOf(source: ReferenceSource): AsyncGenerator<ReferencePage> {
  yield* logReferencesOf(source);
  yield* viewReferencesOf(source);
}

export async function* viewReferencesOf(source: ReferenceSource): AsyncGenerator<ReferencePage> {
  let from: Uint8Array | null = null;
  do {
    if (!source.isReadable()) throw new ReferencesUnreadable(`shard ${source.shard} is not whole`);
    const { versions, next } = viewPage(source, from);
    const references = versions.flatMap(({ name, version, content }) =>
      content?.kind === 'chunked' ? [{ name, version, content }] : [],
    );
    yield { read: versions.length, references, versions };
    from = next;
  } while (from !== null);
}

export async function* logReferencesOf(source: ReferenceSource): AsyncGenerator<ReferencePage> {
  yield pageOf(source.logInMemory());
  for (let from = source.logBaseSeq() + 1; ; ) {
    const result = await new Promise<LogRead>((done) => source.log.read(from, PAGE_ENTRIES, done));
    if (!result.ok) {
      const { reason, message } = result;
      const next = source.logBaseSeq() + 1;
      if (reason !== 'trimmed' || next <= from) {
        throw new ReferencesUnreadable(`log of shard ${source.shard}: ${message}`);
      }
      from = next;
      continue;
    }
    const last = result.entries.at(-1);
    if (last === undefined) return;
    yield pageOf(result.entries);
    from = last.seq + 1;
  }
}

function pageOf(entries: readonly LogEntry[]): ReferencePage {
  const references = entries.flatMap((entry) => inOperation(entry));
  return { read: entries.length, references, versions: [] };
}

function inOperation({ operation }: { readonly operation: Operation }): Reference[] {
  if (operation.kind !== 'put' || operation.content.kind !== 'chunked') return [];
  const { name, version, content } = operation;
  return [{ name, version, content }];
}

function viewPage(
  { shard, view }: ReferenceSource,
  from: Uint8Array | null,
): ReturnType<StoredShardView['versionsFrom']> {
  try {
    return view.versionsFrom(from, PAGE_VERSIONS);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ReferencesUnreadable(`view of shard ${shard}: ${reason}`);
  }
}
