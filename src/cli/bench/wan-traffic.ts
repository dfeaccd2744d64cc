import type { BenchCluster } from './bench-cluster.js';
import { BenchFailed } from './bench-cluster.js';

/** What went between two sites so far, in both directions, as they count it themselves. */
export interface WanTraffic {
  readonly bytes: number;
  /** Messages by kind, without pings and bulk transfers. */
  readonly messages: ReadonlyMap<string, number>;
}

export async function wanTraffic(cluster: BenchCluster, a: string, b: string): Promise<WanTraffic> {
  const messages = new Map<string, number>();
  let bytes = 0;
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const view = await cluster.only(from).cluster();
    if (!view.ok) throw new BenchFailed(view.message);
    const peer = view.value.sites.find(({ site }) => site === to);
    bytes += peer?.sentBytes ?? Number.NaN;
    for (const [kind, count] of Object.entries(peer?.sentMessages ?? {})) {
      messages.set(kind, (messages.get(kind) ?? 0) + count);
    }
  }
  return { bytes, messages };
}

/** Sent because time passed, whatever is read or written. */
const TIMED = new Set(['append', 'appended', 'lease-request', 'lease', 'standing']);

export interface WanTrafficBetween {
  readonly bytes: number;
  /** Messages that time brings. */
  readonly timed: number;
  readonly others: number;
  /** What the others were. */
  readonly kinds: string;
}

/** What came in between: messages that time brings, and all others. */
export function trafficSince(before: WanTraffic, after: WanTraffic): WanTrafficBetween {
  let timed = 0;
  let others = 0;
  const kinds: string[] = [];
  for (const [kind, count] of after.messages) {
    const came = count - (before.messages.get(kind) ?? 0);
    if (TIMED.has(kind)) timed += came;
    else others += came;
    if (!TIMED.has(kind) && came > 0) kinds.push(`${came} ${kind}`);
  }
  return { bytes: after.bytes - before.bytes, timed, others, kinds: kinds.join(', ') };
}
