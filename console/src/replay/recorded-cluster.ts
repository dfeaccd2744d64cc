import { formatMs } from '../design/format.ts';
import type { MapLink, MapSite } from '../map/map-model.ts';
import { MOVING_LIMIT, type StillMark } from '../map/mark-field.ts';
import type { MessageKind } from '../map/message-kind.ts';
import {
  FATES,
  OUTCOMES,
  type Outcome,
  type Recording,
  type Reign,
  type Step,
} from './recording.ts';
import { titleOf } from './site-titles.ts';

/** A message that never left is shown for so long, and goes this far. */
const LOST_MS = 30;
const LOST_SHARE = 0.45;
/** Messages that are longer on their way than this are shown as long as this. */
const FLIGHT_LIMIT_MS = 5000;
const SCAN_LIMIT = 20_000;
const DELIVERED = FATES.indexOf('delivered');

/** What a recorded cluster looked like at any moment of its run. */
export class RecordedCluster {
  constructor(readonly recording: Recording) {}

  sites(atMs: number): MapSite[] {
    return this.recording.sites.map((site) => {
      const state = stepAt(this.recording.siteSteps.get(site), atMs) ?? 'down';
      const serves = this.serves(site, atMs);
      const text =
        state === 'paused'
          ? 'stands still'
          : state === 'up'
            ? serves
            : state === 'asleep'
              ? 'asleep'
              : 'down';
      return { site, displayName: titleOf(site), state: state === 'up' ? 'up' : 'away', text };
    });
  }

  links(atMs: number): MapLink[] {
    const { sites } = this.recording;
    return sites.flatMap((a, index) =>
      sites.slice(index + 1).map((b): MapLink => {
        const both = `${titleOf(a)} and ${titleOf(b)}`;
        const [there, back] = [this.cutUntil(a, b, atMs), this.cutUntil(b, a, atMs)];
        if (there <= atMs && back <= atMs) {
          return { a, b, state: 'up', text: '', label: `between ${both}` };
        }
        const text = there > atMs && back > atMs ? 'cut' : `${there > atMs ? a : b} not heard`;
        const left = formatMs(Math.max(there, back) - atMs);
        return { a, b, state: 'down', text, label: `between ${both}: ${text}, for ${left}` };
      }),
    );
  }

  /** Who serves each shard. */
  reigns(atMs: number): { readonly shard: string; readonly reign: Reign }[] {
    return [...this.recording.reignSteps].map(([shard, steps]) => {
      return { shard, reign: stepAt(steps, atMs) ?? { site: '', epoch: 0 } };
    });
  }

  /** Operations that have ended by then. */
  endedBy(atMs: number): Readonly<Record<Outcome, number>> {
    const counts = { committed: 0, rejected: 0, unknown: 0, ok: 0, failed: 0 };
    for (const outcome of OUTCOMES) {
      counts[outcome] = countUpTo(this.recording.ended[outcome], atMs);
    }
    return counts;
  }

  /** Messages on their way, without those of hidden kinds; at most as many as are drawn. */
  marks(atMs: number, hidden: ReadonlySet<MessageKind>): StillMark[] {
    const { sites, messages } = this.recording;
    const { sentMs, arrivedMs, from, to, kind, fate, kinds } = messages;
    const found: StillMark[] = [];
    const end = countUpTo(sentMs, atMs);
    const start = Math.max(0, end - SCAN_LIMIT);
    for (let row = end - 1; row >= start && found.length < MOVING_LIMIT; row -= 1) {
      const sent = sentMs[row] ?? 0;
      if (atMs - sent > FLIGHT_LIMIT_MS) break;
      const arrived = arrivedMs[row] ?? Number.NaN;
      const hasLeft = !Number.isNaN(arrived);
      const share = (atMs - sent) / Math.max(0.001, hasLeft ? arrived - sent : LOST_MS);
      const shown = kinds[kind[row] ?? 0];
      if (share >= 1 || shown === undefined || hidden.has(shown)) continue;
      found.push({
        from: sites[from[row] ?? 0] ?? '',
        to: sites[to[row] ?? 0] ?? '',
        kind: shown,
        share: hasLeft ? share : share * LOST_SHARE,
        strength: fate[row] === DELIVERED ? 1 : 1 - share,
      });
    }
    return found;
  }

  /** Messages per second, by kind, over the last second. */
  rates(atMs: number): Map<MessageKind, number> {
    const { sentMs, kind, kinds } = this.recording.messages;
    const rates = new Map<MessageKind, number>();
    const end = countUpTo(sentMs, atMs);
    for (let row = countUpTo(sentMs, atMs - 1000); row < end; row += 1) {
      const found = kinds[kind[row] ?? 0];
      if (found !== undefined) rates.set(found, (rates.get(found) ?? 0) + 1);
    }
    return rates;
  }

  private serves(site: string, atMs: number): string {
    const shards = this.reigns(atMs).filter(({ reign }) => reign.site === site);
    return shards.length === 0
      ? 'primary of nothing'
      : `primary of ${shards.map(({ shard }) => shard).join(', ')}`;
  }

  private cutUntil(from: string, to: string, atMs: number): number {
    return stepAt(this.recording.cutSteps.get(`${from} ${to}`), atMs) ?? 0;
  }
}

/** The value that holds at a moment; of steps at one time the last. */
export function stepAt<T>(steps: readonly Step<T>[] | undefined, atMs: number): T | undefined {
  if (steps === undefined) return undefined;
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle]?.atMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return steps[low - 1]?.value;
}

/** How many of these, which are in order, are not later. */
export function countUpTo(times: Float64Array, atMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
