import { planShardStart } from '../protocol/node/start.js';
import type { ClaimRecord, OpenedLog, ShardLog, TableRule } from '../protocol/ports.js';
import type { ShardStart } from '../protocol/shard/state.js';
import type { ChunkStore } from '../storage/chunks/chunk-store.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { ViewRecordUnreadable } from '../storage/view/record-values.js';

export interface ShardParts {
  readonly opened: OpenedLog;
  readonly log: ShardLog;
  readonly view: StoredShardView;
  readonly chunks: ChunkStore;
  readonly claim: ClaimRecord | null;
  readonly rules: readonly TableRule[];
  /** This site may have forgotten what it acknowledged. */
  readonly lost: boolean;
}

/** Decides how a shard begins here, and has it on disk. Rejects when the disk refuses. */
export async function openShard(parts: ShardParts): Promise<ShardStart> {
  const { log, view, claim, lost, rules } = parts;
  const found = parts.opened.hardState;
  const lookup = readLookups(view);
  // A view that is damaged or half replaced needs a snapshot, whatever the log remembers of it.
  const installing = found.installing || view.installing() || lookup === null;
  const opened = { ...parts.opened, hardState: { ...found, installing } };
  const plan = planShardStart(opened, view.position(), claim, lost);
  const { hardState, resetTo } = plan;
  if (resetTo !== null) {
    await written((done) => log.reset(resetTo, hardState, done));
  } else if (plan.mustWrite || installing !== found.installing) {
    await written((done) => log.write({ entries: [], hardState }, done));
  }
  const kept = resetTo === null ? {} : { base: resetTo, entries: [] };
  const final = { ...opened, hardState, ...kept };
  return {
    opened: final,
    viewPosition: view.position(),
    requests: lookup?.requests ?? [],
    ownership: lookup?.ownership ?? [],
    configuration: lookup?.configuration ?? null,
    initialRules: rules,
    missingContent: await missingContent(final, view.position().seq, parts.chunks),
  };
}

/** Null where they cannot be read. */
function readLookups(
  view: StoredShardView,
): Pick<ShardStart, 'requests' | 'ownership' | 'configuration'> | null {
  try {
    const configuration = view.configuration();
    return { requests: view.requests(0), ownership: view.ownership(), configuration };
  } catch (error) {
    if (error instanceof ViewRecordUnreadable) return null;
    throw error;
  }
}

/** Entries that the view does not show yet and whose chunks are not all on this disk. */
async function missingContent(
  opened: OpenedLog,
  viewSeq: number,
  chunks: ChunkStore,
): Promise<Set<number>> {
  const missing = new Set<number>();
  for (const { seq, operation } of opened.entries) {
    if (seq <= viewSeq || operation.kind !== 'put') continue;
    const { content } = operation;
    if (content.kind !== 'chunked') continue;
    if ((await chunks.missing(content.chunks)).length > 0) missing.add(seq);
  }
  return missing;
}

function written(
  start: (done: (failure: { readonly message: string } | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    start((failure) => (failure === null ? resolve() : reject(new Error(failure.message))));
  });
}
