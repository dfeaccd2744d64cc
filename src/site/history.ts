import type { FileVersion } from '../protocol/file-version.js';
import type { Consistency, History, ReadFailure, Served } from './file-service.js';
import { type ShardCalls, failure, installing } from './shard-calls.js';

export const HISTORY_LIMIT = 1000;

/** A file's versions, as the view here shows them. */
export interface KnownHistory {
  readonly ok: true;
  /** The newest version, tombstones included; null if there never was one. */
  readonly head: FileVersion | null;
  readonly served: Served;
  versions(below: number, limit: number): readonly FileVersion[];
  version(version: number): FileVersion | undefined;
}

/** Strong: once the view here shows the version that the primary names as the newest. */
export async function openHistory(
  calls: ShardCalls,
  name: string,
  consistency: Consistency,
): Promise<KnownHistory | ReadFailure> {
  let head: FileVersion | null = null;
  let served: Served | null = null;
  if (consistency !== 'local') {
    const read = await calls.read(name);
    if (read === 'timeout') return calls.readFailure(read);
    if (!read.ok) return calls.readFailure(read.reason);
    const { site } = calls.context.config;
    const freshness = read.freshness === 'primary' ? 'primary' : 'validated';
    head = read.head;
    served = { site, primary: read.primary, freshness, ageMs: null };
  }
  const drive = calls.driveFor(name);
  if (head !== null && !(await calls.shown(drive, head.seq))) {
    return installing(drive) ?? calls.readFailure('timeout');
  }
  const unreadable = installing(drive);
  if (unreadable !== null) return unreadable;
  const { view } = drive;
  return {
    ok: true,
    head: head ?? view.head(name) ?? null,
    served: served ?? calls.servedLocally([drive]),
    versions: (below, limit) => view.history(name, below, limit),
    version: (version) => view.version(name, version),
  };
}

/** A page of a file's history, newest first. */
export async function readHistory(
  calls: ShardCalls,
  name: string,
  options: {
    readonly before?: number;
    readonly limit?: number;
    readonly consistency?: Consistency;
  },
): Promise<History> {
  const { before = Number.MAX_SAFE_INTEGER, limit = HISTORY_LIMIT } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > HISTORY_LIMIT) {
    return failure('invalid_name', `the limit of a page is 1 to ${HISTORY_LIMIT}`);
  }
  const known = await openHistory(calls, name, options.consistency ?? 'strong');
  if (!known.ok) return known;
  if (known.head === null) return failure('no_such_file', `${name} never existed`);
  const found = known.versions(before, limit + 1);
  const versions = found.slice(0, limit);
  const next = found.length > limit ? (versions.at(-1)?.version ?? null) : null;
  return { ok: true, versions, next, served: known.served };
}
