import { join } from 'node:path';
import type { OpenedLog } from '../../protocol/ports.js';
import { keptIndexOf, KeptSegments } from './kept-segments.js';
import { type LogFile, type LogFiles, writeFully } from './log-files.js';
import { LogReplay, type ReplayOptions, strongestHardState } from './log-replay.js';
import { hasMarkerFrom } from './record.js';
import { decodeHeader, segmentIndexOf, segmentName, segmentSalt } from './segment-header.js';

/** A segment of the log, open. */
export interface Segment {
  readonly index: number;
  readonly file: LogFile;
  /** Seq of the last entry before it. */
  readonly baseSeq: number;
  /** Bytes that hold whole writes. */
  bytes: number;
}

export interface RecoveredLog {
  readonly replay: LogReplay;
  readonly segments: Segment[];
  readonly opened: OpenedLog;
  readonly kept: KeptSegments;
  /** Above every index ever seen in the folder. */
  readonly nextIndex: number;
}

/** The folder holds a log that is not for this program to touch: a newer format, another shard. */
export class LogRefused extends Error {
  override readonly name = 'LogRefused';
}

interface Found {
  readonly index: number;
  readonly file: LogFile;
  readonly bytes: Buffer;
  readonly header: ReturnType<typeof decodeHeader>;
}

interface Verdict {
  /** Where each kept segment's whole writes end. */
  readonly kept: { readonly found: Found; readonly validEnd: number; readonly syncedEnd: number }[];
  readonly tornBytes: number;
  readonly damaged: boolean;
}

/**
 * Reads a log back. A record that is not intact is a torn tail, and cut, only if nothing proves
 * that it was ever synced: no later segment and no later marker (see `RecordType.marker`). Intact
 * records behind it prove nothing, because a power cut may keep later pages of a batch and lose
 * earlier ones. Anything else is damage: nothing is changed on disk unless `acceptDamage` is set,
 * which cuts the log down to its intact beginning.
 */
export async function recoverLog(
  folder: string,
  files: LogFiles,
  acceptDamage: boolean,
  options: ReplayOptions,
): Promise<RecoveredLog> {
  const { shard } = options;
  await files.makeFolder(folder);
  const names = await files.list(folder);
  const indexes = indexesIn(names, segmentIndexOf);
  const all: Found[] = [];
  for (const index of indexes) all.push(await readSegment(folder, shard, index, files));
  const refusal = all.map((found) => found.header).find((h) => !h.ok && h.reason === 'foreign');
  if (refusal && !refusal.ok && refusal.reason === 'foreign') {
    for (const { file } of all) await file.close();
    throw new LogRefused(refusal.message);
  }

  const start = all.findLastIndex(({ header }) => header.ok && header.header.fresh);
  const live = all.slice(Math.max(start, 0));
  const replay = new LogReplay(options, indexes.at(-1));
  const verdict = replayAll(live, replay, shard, start >= 0);
  const keptIndexes = new Set(verdict.kept.map(({ found }) => found.index));
  const frontMissing = verdict.damaged && verdict.kept.length === 0 && start < 0;
  const damagedFrom = frontMissing ? 1 : replay.end.seq + 1;
  const opened: OpenedLog = {
    base: replay.base,
    entries: [...replay.entries],
    hardState: replay.hardState,
    tornBytes: verdict.tornBytes,
    ...(verdict.damaged ? { damagedFrom } : {}),
  };
  const stale = all.filter(({ index }) => !keptIndexes.has(index));
  const kept = new KeptSegments(folder, shard, files);
  const earlier = indexesIn(names, keptIndexOf);
  await kept.load(earlier);
  if (!verdict.damaged || acceptDamage) {
    for (const found of stale.reverse()) {
      await found.file.close();
      // What the log has no use for may still hold content that the view names.
      await kept.keep(found.index);
    }
    await settleTail(verdict);
    await files.syncFolder(folder);
  } else {
    for (const found of stale) await found.file.close();
  }
  const segments = verdict.kept.map(({ found, validEnd }) => ({
    index: found.index,
    file: found.file,
    baseSeq: found.header.ok ? found.header.header.base.seq : 0,
    bytes: validEnd,
  }));
  const lastKept = earlier.at(-1) ?? 0;
  const nextIndex = Math.max(indexes.at(-1) ?? 0, lastKept) + 1;
  return { replay, segments, opened, kept, nextIndex };
}

function indexesIn(
  names: readonly string[],
  indexOf: (name: string) => number | undefined,
): number[] {
  const indexes = names.map(indexOf).filter((index) => index !== undefined);
  return indexes.sort((a, b) => a - b);
}

async function readSegment(
  folder: string,
  shard: string,
  index: number,
  files: LogFiles,
): Promise<Found> {
  const file = await files.open(join(folder, segmentName(index)), false);
  const bytes = await file.read(0, await file.size());
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { index, file, bytes: buffer, header: decodeHeader(buffer, shard, index) };
}

function replayAll(
  live: readonly Found[],
  replay: LogReplay,
  shard: string,
  startsFresh: boolean,
): Verdict {
  const kept: Verdict['kept'] = [];
  const damaged = (from: number, at: number): Verdict => {
    rememberPromises(live.slice(from), at, replay, shard);
    return { kept, tornBytes: 0, damaged: true };
  };
  for (const [i, found] of live.entries()) {
    const isLast = i === live.length - 1;
    const salt = segmentSalt(shard, found.index);
    if (!found.header.ok) {
      // A segment whose making was interrupted holds nothing; its first batch has a marker.
      if (!isLast || hasMarkerFrom(found.bytes, 0, salt)) return damaged(i, 0);
      return { kept, tornBytes: found.bytes.length, damaged: false };
    }
    const gap = i > 0 && found.index !== (live[i - 1]?.index ?? 0) + 1;
    if (gap || !replay.begin(found.header.header, i === 0)) return damaged(i, 0);
    const { validEnd, syncedEnd } = replay.replay(found.bytes, found.index, found.header.bytes);
    kept.push({ found, validEnd, syncedEnd });
    if (validEnd === found.bytes.length) continue;
    if (!isLast || hasMarkerFrom(found.bytes, validEnd, salt)) return damaged(i, validEnd);
    return { kept, tornBytes: found.bytes.length - validEnd, damaged: false };
  }
  const first = live[0];
  if (first && !startsFresh && first.index > replay.oldestIndex) return missingFront(replay, kept);
  return { kept, tornBytes: 0, damaged: false };
}

/** Segments that nothing says were trimmed are gone: no entry that is left can be used. */
function missingFront(replay: LogReplay, kept: Verdict['kept']): Verdict {
  kept.length = 0;
  replay.forget();
  return { kept, tornBytes: 0, damaged: true };
}

/** A promise counts also when it stands behind damage. */
function rememberPromises(
  rest: readonly Found[],
  at: number,
  replay: LogReplay,
  shard: string,
): void {
  rest.forEach(({ header, bytes, index }, i) => {
    if (header.ok && header.header.hardState.promisedEpoch > replay.hardState.promisedEpoch) {
      replay.hardState = header.header.hardState;
    }
    const salt = segmentSalt(shard, index);
    replay.hardState = strongestHardState(bytes, i === 0 ? at : 0, salt, replay.hardState);
  });
}

/**
 * Cuts what is not a whole write, and writes again whatever no marker proves synced: after a failed
 * sync the page cache holds bytes as clean that never reached the disk.
 */
async function settleTail(verdict: Verdict): Promise<void> {
  const last = verdict.kept.at(-1);
  if (!last) return;
  const { found, validEnd, syncedEnd } = last;
  if (validEnd < found.bytes.length) await found.file.truncate(validEnd);
  const tail = found.bytes.subarray(syncedEnd, validEnd);
  if (tail.length > 0) await writeFully(found.file, [tail], syncedEnd);
  await found.file.datasync();
}
