import { type ClusterStatus, readCluster } from '../api/cluster.ts';
import { isFields } from '../api/http.ts';
import { isMessageKind, type MessageKind } from './message-kind.ts';

export interface Mark {
  readonly from: string;
  readonly to: string;
  readonly kind: MessageKind;
  readonly shard: string;
  readonly atMs: number;
}

export interface KindCount {
  readonly from: string;
  readonly to: string;
  readonly kind: MessageKind;
  readonly count: number;
}

/** What one site has told of itself since its last frame. */
export interface LiveFrame {
  readonly site: string;
  readonly answers: boolean;
  readonly forMs: number;
  readonly marks: readonly Mark[];
  readonly counts: readonly KindCount[];
  readonly status: ClusterStatus | null;
}

/** Null: this is no frame. */
export function readFrame(text: string): LiveFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(value) || typeof value.site !== 'string') return null;
  const { site, answer } = value;
  const nothing = { site, forMs: 0, marks: [], counts: [], status: null };
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
  return { site, answers: true, forMs, marks, counts, status: readCluster(answer.status) };
}

function list(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}
