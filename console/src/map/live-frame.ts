import type { LatencyCounts, LiveMark, LiveTick } from '../../../src/site/live/live-frame.js';
import type { SiteEvent } from '../../../src/site/telemetry/event-ring.js';
import { type ClusterStatus, readCluster } from '../api/cluster.ts';
import { type Fields, isFields } from '../api/http.ts';
import { isMessageKind } from './message-kind.ts';

export type { LatencyCounts, SiteEvent };

export type Mark = LiveMark & { readonly from: string };
export type KindCount = LiveTick['counts'][number] & { readonly from: string };

/** What one site has told of itself since its last frame. */
export interface SiteFrame {
  readonly site: string;
  readonly answers: boolean;
  readonly marks: readonly Mark[];
  readonly counts: readonly KindCount[];
  readonly status: ClusterStatus | null;
  readonly latency: LatencyCounts | null;
  readonly events: readonly SiteEvent[];
}

/** Null: this is no frame. */
export function readFrame(text: string): SiteFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(value) || typeof value.site !== 'string') return null;
  const { site, answer } = value;
  const nothing = { site, marks: [], counts: [], status: null, latency: null, events: [] };
  if (!isFields(answer) || !Array.isArray(answer.ticks)) return { ...nothing, answers: false };
  const marks: Mark[] = [];
  const counts: KindCount[] = [];
  let forMs = 0;
  for (const tick of answer.ticks.filter(isFields)) {
    for (const mark of list(tick.marks)) {
      const { to, kind, shard, atMs } = mark;
      if (!isMessageKind(kind)) continue;
      marks.push({
        from: site,
        to: String(to),
        kind,
        shard: String(shard),
        atMs: forMs + Number(atMs),
      });
    }
    for (const { to, kind, count } of list(tick.counts)) {
      if (isMessageKind(kind))
        counts.push({ from: site, to: String(to), kind, count: Number(count) });
    }
    forMs += Number(tick.forMs);
  }
  return {
    site,
    answers: true,
    marks,
    counts,
    status: readCluster(answer.status),
    latency: isLatency(answer.latency) ? answer.latency : null,
    events: filtered(answer.events, isEvent),
  };
}

function isLatency(value: unknown): value is LatencyCounts {
  if (!isFields(value) || !isNumbers(value.boundsMs)) return false;
  const { reads, writes } = value;
  return (
    isFields(reads) &&
    isFields(writes) &&
    [reads.primary, reads.lease, reads.validated, reads.fetched].every(isNumbers) &&
    [writes.disk, writes.quorum, writes.caches].every(isNumbers)
  );
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number');
}

function isEvent(value: unknown): value is SiteEvent {
  return (
    isFields(value) &&
    typeof value.id === 'number' &&
    typeof value.atMs === 'number' &&
    [value.site, value.kind, value.level, value.message].every((part) => typeof part === 'string')
  );
}

function list(value: unknown): Fields[] {
  return filtered(value, isFields);
}

function filtered<T>(value: unknown, isOne: (each: unknown) => each is T): T[] {
  return Array.isArray(value) ? value.filter(isOne) : [];
}
