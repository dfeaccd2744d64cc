import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { ClusterStatus, ShardStatus } from '../api/cluster.ts';
import { LatencyWindow } from '../latency/latency-window.ts';
import { pageReads } from '../latency/page-reads.ts';
import { withEvents } from './event-log.ts';
import { type Mark, readFrame, type SiteEvent, type SiteFrame } from './live-frame.ts';
import type { MessageKind } from './message-kind.ts';

/** Rates are means over about this long. */
const SMOOTHING_MS = 2000;

const MEASURE_EVERY_MS = 500;
const POINT_EVERY_MS = 1000;

/**
 * All sites as they see the cluster, and the messages between them, while a page looks on. Only the
 * administrator may; for anybody else it asks for nothing and stays empty.
 */
export class LiveCluster {
  /** What each site said last, by site. */
  readonly statuses = new SvelteMap<string, ClusterStatus>();
  /** Sites that do not answer the one that is looked at. */
  readonly silent = new SvelteSet<string>();
  /** Messages per second, by kind, and by way (`from to`). */
  readonly kindRates = new SvelteMap<MessageKind, number>();
  readonly wayRates = new SvelteMap<string, number>();
  connected = $state(false);
  /** What happened at all sites, newest first. */
  events = $state.raw<readonly SiteEvent[]>([]);
  readonly latency = new LatencyWindow();
  /** How many points the lines of `latency` have had. */
  latencyPoints = $state(0);
  private readonly source: EventSource | null;
  private readonly kindTotals = new Map<MessageKind, number>();
  private readonly wayTotals = new Map<string, number>();
  private sinceMs = performance.now();
  private pointMs = 0;
  private readonly timer: number;

  constructor(
    mayLook: boolean,
    private readonly marked: (marks: readonly Mark[]) => void,
  ) {
    this.source = mayLook ? this.open() : null;
    this.timer = window.setInterval(() => this.measure(), MEASURE_EVERY_MS);
  }

  close(): void {
    clearInterval(this.timer);
    this.source?.close();
  }

  /** What the site that acts for a shard says of it; else what anybody says. */
  shard(name: string): ShardStatus | null {
    let best: ShardStatus | null = null;
    for (const [site, { shards }] of this.statuses) {
      if (this.silent.has(site)) continue;
      const found = shards.find(({ shard }) => shard === name);
      if (found === undefined) continue;
      const isBetter =
        best === null ||
        found.epoch > best.epoch ||
        (found.epoch === best.epoch && found.role === 'primary');
      if (isBetter) best = found;
    }
    return best;
  }

  private open(): EventSource {
    const source = new EventSource('/v1/live');
    source.onopen = () => (this.connected = true);
    source.onerror = () => (this.connected = false);
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const frame = readFrame(data);
      if (frame !== null) this.take(frame);
    };
    return source;
  }

  private take(frame: SiteFrame): void {
    if (!frame.answers) {
      this.silent.add(frame.site);
      return;
    }
    this.silent.delete(frame.site);
    if (frame.status !== null) this.statuses.set(frame.site, frame.status);
    if (frame.latency !== null) this.latency.take(frame.site, frame.latency, Date.now());
    this.events = withEvents(this.events, frame.events);
    for (const { from, to, kind, count } of frame.counts) {
      add(this.kindTotals, kind, count);
      if (kind !== 'heartbeat') add(this.wayTotals, `${from} ${to}`, count);
    }
    if (frame.marks.length > 0) this.marked(frame.marks);
  }

  private measure(): void {
    const nowMs = performance.now();
    const forMs = nowMs - this.sinceMs;
    this.sinceMs = nowMs;
    smooth(this.kindRates, this.kindTotals, forMs);
    smooth(this.wayRates, this.wayTotals, forMs);
    if (nowMs - this.pointMs < POINT_EVERY_MS) return;
    this.pointMs = nowMs;
    this.latency.takeMemory([...pageReads.counts], Date.now());
    this.latency.mark(Date.now());
    this.latencyPoints += 1;
  }
}

function add<K>(totals: Map<K, number>, key: K, count: number): void {
  totals.set(key, (totals.get(key) ?? 0) + count);
}

/** Takes what was counted in this time into the rates, and begins anew. */
function smooth<K>(rates: Map<K, number>, totals: Map<K, number>, forMs: number): void {
  const weight = 1 - Math.exp(-forMs / SMOOTHING_MS);
  for (const key of new Set([...rates.keys(), ...totals.keys()])) {
    const now = ((totals.get(key) ?? 0) * 1000) / forMs;
    const before = rates.get(key) ?? now;
    const rate = before + (now - before) * weight;
    rates.set(key, rate < 0.05 ? 0 : rate);
  }
  totals.clear();
}
