import type { ShardDrive } from '../shard-drive.js';
import type { Timers } from '../timers.js';
import type { SiteCalls } from './calls.js';
import type { NodeConfig } from './config.js';
import type { CatchUpOutcome } from './outcomes.js';
import { RecentListings } from './recent-listings.js';

/** What listings need of the site. */
export interface ListingSite {
  readonly config: NodeConfig;
  readonly drives: ReadonlyMap<string, ShardDrive>;
  primaryOf(shard: string): string;
  isConnected(site: string): boolean;
  canReachQuorum(shard: string): boolean;
  nowMs(): ReturnType<Timers['now']>['monoMs'];
  retryLater(untilMs: number, shard: string, attempt: () => void): void;
  until(untilMs: number, holds: () => boolean, done: () => void): void;
}

/** What is listed, under the name by which it is leased. */
interface Listed {
  readonly catalogue: string;
  /** It was listed here before: a lease is worth having. */
  readonly isKept: boolean;
}

/**
 * Makes listings from this site's views current. Each shard's primary says how far that is, unless
 * this site holds the bucket under lease: then the view shows it all, and nobody is asked.
 */
export class Listings {
  private readonly recent: RecentListings;

  constructor(
    private readonly site: ListingSite,
    private readonly calls: SiteCalls,
  ) {
    this.recent = new RecentListings(site.config.timing.leaseKeepMs);
  }

  catchUp(
    shards: readonly string[],
    bucket: string | null,
    untilMs: number,
    done: (outcome: CatchUpOutcome) => void,
  ): void {
    let open = shards.length;
    let whole: CatchUpOutcome = { ok: true, freshness: 'primary' };
    const finish = (outcome: CatchUpOutcome): void => {
      whole = weaker(whole, outcome);
      open -= 1;
      if (open === 0) done(whole);
    };
    if (open === 0) return done(whole);
    const listed = bucket === null ? null : this.listedAs(`${bucket}/`);
    for (const shard of shards) this.catchUpShard(shard, listed, untilMs, finish);
  }

  private listedAs(catalogue: string): Listed | null {
    const { site, recent } = this;
    if (!site.config.leases) return null;
    return { catalogue, isKept: recent.isAgain(catalogue, site.nowMs()) };
  }

  private catchUpShard(
    shard: string,
    listed: Listed | null,
    untilMs: number,
    done: (outcome: CatchUpOutcome) => void,
  ): void {
    const { site } = this;
    const drive = site.drives.get(shard);
    if (drive === undefined) return done({ ok: false, reason: 'no_primary' });
    if (listed !== null && this.isLeased(drive, listed)) {
      return done({ ok: true, freshness: 'lease' });
    }
    const kept = listed?.isKept === true ? listed.catalogue : null;
    const attempt = (): void => {
      if (site.nowMs() >= untilMs) return done({ ok: false, reason: 'no_primary' });
      if (!site.canReachQuorum(shard)) return done({ ok: false, reason: 'quorum_unavailable' });
      const primary = site.primaryOf(shard);
      if (primary === '' || !site.isConnected(primary))
        return site.retryLater(untilMs, shard, attempt);
      this.calls.askEnd(primary, shard, kept, untilMs, (result) => {
        if (!result.ok || result.value.outcome !== 'end')
          return site.retryLater(untilMs, shard, attempt);
        const { end, terms } = result.value;
        if (kept !== null && terms !== undefined) drive.grantedCatalogue(kept, end, terms);
        const freshness = primary === site.config.site ? 'primary' : 'validated';
        const shown = (): boolean => drive.isReadable && drive.state.viewSeq >= end.seq;
        site.until(untilMs, shown, () =>
          done(shown() ? { ok: true, freshness } : { ok: false, reason: 'no_primary' }),
        );
      });
    };
    attempt();
  }

  private isLeased(drive: ShardDrive, { catalogue, isKept }: Listed): boolean {
    if (this.site.primaryOf(drive.shard) === this.site.config.site) return false;
    if (isKept) drive.wantLease();
    return drive.showsLeased(catalogue);
  }
}

const STRENGTH = { primary: 2, lease: 1, validated: 0 } as const;

/** A listing rests on the least direct of what its shards rest on, and fails with any of them. */
function weaker(a: CatchUpOutcome, b: CatchUpOutcome): CatchUpOutcome {
  if (!a.ok || !b.ok) return a.ok ? b : a;
  return STRENGTH[b.freshness] < STRENGTH[a.freshness] ? b : a;
}
