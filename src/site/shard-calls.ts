import type { CatchUpOutcome, ReadOutcome, SubmitOutcome } from '../protocol/node/outcomes.js';
import type { WriteRequest } from '../protocol/request.js';
import type { ShardDrive } from '../protocol/shard-drive.js';
import { mayAct } from '../protocol/shard/acting.js';
import { activeOf } from '../protocol/shard/membership.js';
import type { ReadFailure, Served } from './file-service.js';
import type { SiteContext } from './site-context.js';
import { type RequestTrace, traceText } from './telemetry/request-trace.js';

/** How much later than asked for the protocol may answer before it is not waited for any more. */
const GRACE_MS = 250;

/** The node's calls as promises. Each ends within the context's time limit and a short grace. */
export class ShardCalls {
  constructor(readonly context: SiteContext) {}

  /** Brings a write to the primary of the shard that the name has when it gets there. */
  submit(shardFor: () => string, request: WriteRequest): Promise<SubmitOutcome> {
    const late: SubmitOutcome = { answer: { outcome: 'unknown', reason: 'timeout' }, primary: '' };
    return this.within(late, (untilMs, done) =>
      this.context.node.submit(shardFor, request, untilMs, done),
    );
  }

  /** `keep`: this site may hold the file under lease from here on. */
  read(name: string, keep = true, trace?: RequestTrace): Promise<ReadOutcome | 'timeout'> {
    const { node } = this.context;
    const text = trace === undefined ? undefined : traceText(trace);
    return this.within<ReadOutcome | 'timeout'>('timeout', (untilMs, done) =>
      node.read(name, untilMs, done, keep && node.config.leases, text),
    );
  }

  /**
   * Once the views here show everything that had committed in the shards, or why they cannot. A
   * `bucket` is named by who lists it, and may be leased.
   */
  catchUp(
    shards: readonly string[],
    bucket: string | null,
  ): Promise<CatchUpOutcome | { readonly ok: false; readonly reason: 'timeout' }> {
    return this.within<CatchUpOutcome | { readonly ok: false; readonly reason: 'timeout' }>(
      { ok: false, reason: 'timeout' },
      (untilMs, done) => this.context.node.catchUp(shards, bucket, untilMs, done),
    );
  }

  /** Whether the view of the shard came to show this seq in time. */
  shown(drive: ShardDrive, seq: number): Promise<boolean> {
    const { node } = this.context;
    const holds = (): boolean => drive.isReadable && drive.state.viewSeq >= seq;
    return this.within(false, (untilMs, done) => node.until(untilMs, holds, () => done(holds())));
  }

  driveFor(name: string): ShardDrive {
    const { node } = this.context;
    const shard = node.shardFor(name);
    const drive = node.drives.get(shard);
    if (drive === undefined) throw new Error(`the table names the unknown shard ${shard}`);
    return drive;
  }

  get drives(): ShardDrive[] {
    return [...this.context.node.drives.values()];
  }

  /** How a `local` answer out of these shards is served; the age is that of the oldest. */
  servedLocally(drives: readonly ShardDrive[]): Served {
    const { config, node } = this.context;
    const [only] = drives;
    const primary = drives.length === 1 && only !== undefined ? node.primaryOf(only.shard) : '';
    const ages = drives.map((drive) => this.ageMs(drive));
    const ageMs = ages.some((age) => age === null)
      ? null
      : Math.max(0, ...ages.filter((age) => age !== null));
    return { site: config.site, primary, freshness: 'local', ageMs };
  }

  /** How long ago the shard's primary was heard; 0 at the primary itself while it may act. */
  private ageMs(drive: ShardDrive): number | null {
    const { node } = this.context;
    const { role, leader } = drive.state;
    if (role.kind === 'primary' && role.phase === 'serving') {
      const now = node.ports.timers.now();
      if (mayAct({ s: drive.state, now, out: [] }, role)) return 0;
    }
    return leader === null ? null : Math.max(0, node.nowMs() - leader.heardMs);
  }

  /** Why too few sites can be reached to write anything; null if enough can. */
  quorumFault(): string | null {
    const { config, node } = this.context;
    for (const { state } of this.drives) {
      for (const { sites, writeQuorum } of activeOf(state)) {
        const reached = sites.filter((site) => node.isConnected(site)).length;
        if (reached >= writeQuorum) continue;
        return (
          `${reached} of ${sites.length} sites can be reached from ${config.site}, ` +
          `a write needs ${writeQuorum}`
        );
      }
    }
    return null;
  }

  /** A read that could not be made fresh, in words. */
  readFailure(reason: 'no_primary' | 'quorum_unavailable' | 'moving' | 'timeout'): ReadFailure {
    switch (reason) {
      case 'no_primary':
        return failure(reason, 'no site acts for these names now; another is about to take over');
      case 'quorum_unavailable': {
        const fault = this.quorumFault() ?? 'too few sites can be reached';
        return failure(reason, `${fault.replace('a write', 'a fresh read')}`);
      }
      case 'moving':
        return failure(reason, 'the name is on its way from one primary to another');
      case 'timeout':
        return failure(reason, `no answer came within ${this.context.timeoutMs} ms`);
    }
  }

  private within<T>(
    late: T,
    call: (untilMs: number, done: (value: T) => void) => void,
  ): Promise<T> {
    const { node, timeoutMs } = this.context;
    const untilMs = node.nowMs() + timeoutMs;
    return new Promise((resolve) => {
      let timer: { cancel(): void } | null = null;
      let isDone = false;
      call(untilMs, (value) => {
        isDone = true;
        timer?.cancel();
        resolve(value);
      });
      // What is under lease is known at once, and needs no timer.
      if (!isDone) timer = node.ports.timers.wake(untilMs + GRACE_MS, () => resolve(late));
    });
  }
}

export function failure(reason: ReadFailure['reason'], message: string): ReadFailure {
  return { ok: false, reason, message };
}

/** While a snapshot is being installed nothing of the shard can be read here. */
export function installing(drive: ShardDrive): ReadFailure | null {
  if (drive.isReadable) return null;
  return failure('storage_failed', `this site's copy of ${drive.shard}'s files is being installed`);
}
