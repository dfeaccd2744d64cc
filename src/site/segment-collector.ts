import { ContentUnreadable } from '../protocol/lost-content.js';
import type { StoredShardView } from '../storage/view/lmdb-view.js';
import { ViewRecordUnreadable } from '../storage/view/record-values.js';
import type { Pace } from './pace.js';

/** Segments that a log keeps for the view alone. */
export interface KeptSource {
  readonly shard: string;
  readonly view: StoredShardView;
  readonly kept: {
    list(): readonly { readonly index: number; readonly bytes: number }[];
    remove(index: number): Promise<void>;
  };
  /** False while a snapshot is being installed. */
  isReadable(): boolean;
}

const PAGE_VERSIONS = 500;
/** Content moved in one transaction: up to eight megabytes. */
const BLOCK_VERSIONS = 256;
/** A segment stays while at least this share of it is content that the view names. */
const LIVE_SHARE = 0.5;

interface Named {
  readonly name: string;
  readonly version: number;
}

/**
 * Removes segments that logs keep for their views: once less than half of one is content of versions
 * that are still kept, what is left moves into the view. One that a record still names a place in, or
 * that an open snapshot may name, stays.
 */
export class SegmentCollector {
  /** Since the start. */
  removedSegments = 0;
  removedBytes = 0;
  /** Why the last round could not remove all that it might have; '' if it could. */
  fault = '';
  private running: Promise<void> | null = null;

  constructor(private readonly sources: readonly KeptSource[]) {}

  /** One round; the one under way when there is one. Never rejects. */
  collect(pace: Pace): Promise<void> {
    this.running ??= this.round(pace).finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async round(pace: Pace): Promise<void> {
    this.fault = '';
    for (const source of this.sources) {
      try {
        await this.collectShard(source, pace);
      } catch (error) {
        // A view that cannot be read says nothing of what it names.
        this.fault = `shard ${source.shard}: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
  }

  private async collectShard(source: KeptSource, pace: Pace): Promise<void> {
    const { view, kept } = source;
    // Those of now: every place in them that is named at all is in the view after the next line.
    const segments = kept.list();
    if (segments.length === 0 || !source.isReadable() || !(await view.applied())) return;
    const live = new Map<number, number>();
    for await (const { place } of placesIn(source, pace)) {
      live.set(place.segment, (live.get(place.segment) ?? 0) + place.bytes);
    }
    const going = segments.filter(
      ({ index, bytes }) => (live.get(index) ?? 0) < bytes * LIVE_SHARE,
    );
    const moving = new Set(going.map(({ index }) => index).filter((index) => live.has(index)));
    const stuck = moving.size === 0 ? moving : await moveOut(source, moving, pace);
    // A power cut must not bring back a record that names what is removed.
    if (going.length === 0 || !(await view.hold([]))) return;
    for (const { index, bytes } of going) {
      if (stuck.has(index) || view.openSnapshots() > 0 || !source.isReadable()) continue;
      await kept.remove(index);
      this.removedSegments += 1;
      this.removedBytes += bytes;
    }
  }
}

/** Returns the segments that some record still names. */
async function moveOut(
  source: KeptSource,
  segments: ReadonlySet<number>,
  pace: Pace,
): Promise<ReadonlySet<number>> {
  let block: Named[] = [];
  for await (const { name, version, place } of placesIn(source, pace)) {
    if (!segments.has(place.segment)) continue;
    block.push({ name, version });
    if (block.length < BLOCK_VERSIONS) continue;
    if (!(await hold(source.view, block))) return segments;
    block = [];
  }
  if (!(await hold(source.view, block))) return segments;
  const stuck = new Set<number>();
  for await (const { place } of placesIn(source, pace)) {
    if (segments.has(place.segment)) stuck.add(place.segment);
  }
  return stuck;
}

/** What cannot be read stays where it is, for the scrubber to find. */
function hold(view: StoredShardView, block: readonly Named[]): Promise<boolean> {
  const contents = block.flatMap(({ name, version }) => {
    try {
      const content = view.version(name, version)?.content;
      return content?.kind === 'inline' ? [{ name, version, bytes: content.bytes }] : [];
    } catch (error) {
      if (!(error instanceof ContentUnreadable)) throw error;
      return [];
    }
  });
  return view.hold(contents);
}

/** Throws ViewRecordUnreadable, also when a snapshot comes in between. */
async function* placesIn({ shard, view, isReadable }: KeptSource, pace: Pace) {
  let from: Uint8Array | null = null;
  do {
    if (!isReadable()) throw new ViewRecordUnreadable(`shard ${shard} is not whole`);
    const page: ReturnType<StoredShardView['placesFrom']> = view.placesFrom(from, PAGE_VERSIONS);
    yield* page.placed;
    from = page.next;
    await pace.step(0);
  } while (from !== null);
}
