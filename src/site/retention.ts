import type { SiteNode } from '../protocol/node/site-node.js';
import {
  type Operation,
  RETENTION_RULES_LIMIT,
  type RetentionRule,
} from '../protocol/log-entry.js';
import { type BucketSettings, DEFAULT_RETENTION_DAYS } from './bucket-settings.js';
import type { ReadFailure } from './file-service.js';
import { SYSTEM_BUCKET } from './site-names.js';
import type { Report } from './telemetry/site-log.js';

const DAY_MS = 24 * 3_600_000;
const DEFAULT_MS = DEFAULT_RETENTION_DAYS * DAY_MS;
/** Of the site's own records, such as uploads and keys: nobody lists or restores those. */
const SYSTEM_MS = 3_600_000;
const ROUND_MS = 3_600_000;
const SUBMIT_LIMIT_MS = 30_000;
/** After the start, when shards have their primaries. */
export const FIRST_ROUND_MS = 10_000;
/** A round counts from so long before the last one, in case the wall clock was set back a little. */
const OVERLAP_MS = 300_000;

/** A bucket and how its history is kept; null where that cannot be read, and so everything is. */
export interface BucketRetention {
  readonly name: string;
  readonly retention: BucketSettings['retention'] | null;
}

export interface RetentionSources {
  readonly node: SiteNode;
  wallMs(): number;
  /** All buckets, as fresh as any strong listing. */
  buckets(): Promise<
    { readonly ok: true; readonly buckets: readonly BucketRetention[] } | ReadFailure
  >;
}

/** A round whose entry has committed at a shard. */
interface Round {
  readonly epoch: number;
  /** The buckets with a number of versions, as text. */
  readonly counts: string;
  readonly wallMs: number;
  /** How far the wall clock was ahead of the monotonic one. */
  readonly aheadMs: number;
}

type Retain = Extract<Operation, { kind: 'retain' }>;

/** Drops the history that is old enough, or too much, from the shards this site is primary of. */
export class Retention {
  private readonly last = new Map<string, Round>();

  constructor(private readonly sources: RetentionSources) {}

  /** What a round cannot do, for want of a quorum or otherwise, the next one does. */
  async round(): Promise<void> {
    const { node, wallMs, buckets } = this.sources;
    const nowMs = wallMs();
    const aheadMs = nowMs - node.nowMs();
    if (this.reigned().length === 0) return;
    const listed = await buckets();
    if (!listed.ok) return;
    const counts = listed.buckets
      .flatMap(({ name, retention }) =>
        retention?.versions == null ? [] : [`${name}=${retention.versions}`],
      )
      .join(' ');
    const plan = planOf(listed.buckets, nowMs);
    const rounds = this.reigned().map(async ({ shard, epoch }) => {
      const round = { epoch, counts, wallMs: nowMs, aheadMs };
      const countFromMs = countFrom(this.last.get(shard), round);
      for (const retain of plan) {
        const intent = countFromMs === null ? retain : { ...retain, countFromMs };
        if (!(await this.submit(shard, intent))) return;
      }
      this.last.set(shard, round);
    });
    await Promise.all(rounds);
  }

  private reigned(): { readonly shard: string; readonly epoch: number }[] {
    return [...this.sources.node.drives].flatMap(([shard, { state }]) =>
      state.role.kind === 'primary' ? [{ shard, epoch: state.role.epoch }] : [],
    );
  }

  private submit(shard: string, intent: Retain): Promise<boolean> {
    const { node } = this.sources;
    const request = { requestId: '', since: null, intent, conditions: {} };
    const untilMs = node.nowMs() + SUBMIT_LIMIT_MS;
    return new Promise((resolve) => {
      node.submit(
        () => shard,
        request,
        untilMs,
        ({ answer }) => resolve(answer.outcome === 'committed'),
      );
    });
  }
}

/** Null where every file has to be looked at: other numbers, another primary, another clock. */
function countFrom(last: Round | undefined, now: Round): number | null {
  if (last === undefined || last.epoch !== now.epoch || last.counts !== now.counts) return null;
  if (now.aheadMs < last.aheadMs - OVERLAP_MS / 2) return null;
  return Math.max(0, last.wallMs - OVERLAP_MS);
}

/** The operations of a round: one, unless more buckets have rules of their own than fit into it. */
function planOf(buckets: readonly BucketRetention[], nowMs: number): Retain[] {
  const system = {
    bucket: SYSTEM_BUCKET,
    beforeMs: Math.max(0, nowMs - SYSTEM_MS),
    versions: null,
  };
  const all = buckets.map((bucket) => ruleOf(bucket, nowMs));
  const beforeMs = Math.max(0, nowMs - DEFAULT_MS);
  const own = all.filter((rule) => rule.beforeMs !== beforeMs || rule.versions !== null);
  if (own.length < RETENTION_RULES_LIMIT) {
    return [{ kind: 'retain', beforeMs, rules: [system, ...own] }];
  }
  // What one of several operations does not name it must not touch, so each bucket has a rule.
  const rules = [system, ...all];
  const parts = Math.ceil(rules.length / RETENTION_RULES_LIMIT);
  return Array.from({ length: parts }, (_, part) => {
    const from = part * RETENTION_RULES_LIMIT;
    const some = rules.slice(from, from + RETENTION_RULES_LIMIT);
    return { kind: 'retain', beforeMs: 0, rules: some };
  });
}

function ruleOf({ name, retention }: BucketRetention, nowMs: number): RetentionRule {
  const { days, versions } = retention ?? { days: null, versions: null };
  const beforeMs = days === null ? 0 : Math.max(0, Math.floor(nowMs - days * DAY_MS));
  return { bucket: name, beforeMs, versions };
}

/** A round once an hour. */
export function startRetention(sources: RetentionSources, report: Report): { stop(): void } {
  const retention = new Retention(sources);
  let running = false;
  const round = (): void => {
    if (running) return;
    running = true;
    retention
      .round()
      .catch((error: unknown) =>
        report(`history was not looked through: ${String(error)}`, { level: 'warn' }),
      )
      .finally(() => {
        running = false;
      });
  };
  const first = setTimeout(round, FIRST_ROUND_MS).unref();
  const hourly = setInterval(round, ROUND_MS).unref();
  return {
    stop: () => {
      clearTimeout(first);
      clearInterval(hourly);
    },
  };
}
