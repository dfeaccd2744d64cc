import type { StoredRecord } from '../coordinator-state.js';
import {
  type KeyValue,
  METHODS,
  listRequest,
  readRange,
  readWatch,
  watchRequest,
} from './etcd-messages.js';
import type { MemberConnection } from './member-connection.js';
import type { MemberPool } from './member-pool.js';
import { readDocument } from './stored-document.js';

const KEY_LIMIT = 10_000;

/**
 * Keeps a watch alive. Each time it begins by a linearizable read of all keys under the prefix and
 * watches on from that read's revision; whatever ends it (a lost member, one without leader, a
 * compaction, bytes that are no answer) makes it begin again, at whichever member is best then. So
 * no history of etcd is relied on, and nothing but intermediate states can be missed.
 */
export class EtcdWatch {
  private cancelled = false;
  private current: { cancel(): void } | null = null;
  private timer: NodeJS.Timeout | null = null;
  private compareTimer: NodeJS.Timeout | null = null;
  private waitMs: number;
  /** The revision last told of each key, since the watch last began. */
  private told = new Map<string, number>();

  constructor(
    private readonly pool: MemberPool,
    /** The cluster's own prefix, which is taken off, and what is watched below it. */
    private readonly root: string,
    private readonly prefix: string,
    private readonly changed: (key: string, record: StoredRecord) => void,
    private readonly random: () => number = Math.random,
  ) {
    this.waitMs = pool.times.retryMs[0];
    void this.begin(0);
  }

  cancel(): void {
    this.cancelled = true;
    this.end();
  }

  private end(): void {
    this.current?.cancel();
    this.current = null;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.compareTimer !== null) clearTimeout(this.compareTimer);
  }

  /** `attempt` counts those in a row that came to nothing, so that each asks another member. */
  private async begin(attempt: number): Promise<void> {
    const members = this.pool.order();
    const member = members[attempt % Math.max(1, members.length)];
    const revision = member === undefined ? null : await this.list(member, true);
    if (this.cancelled) return;
    if (member === undefined || revision === null) return this.again(attempt + 1);
    this.follow(member, revision + 1);
  }

  /** Tells what stands; the revision it stood at, or null without an answer. */
  private async list(member: MemberConnection, afresh: boolean): Promise<number | null> {
    const request = listRequest(this.root + this.prefix, KEY_LIMIT);
    const result = await this.pool.call(member, METHODS.range, request);
    const range = result.ok ? readRange(result.bytes) : null;
    if (this.cancelled || range === null || !this.pool.isOurs(range.clusterId)) return null;
    if (range.more) this.pool.report(`etcd holds more than ${KEY_LIMIT} keys under ${this.root}`);
    if (afresh) this.told = new Map();
    for (const found of range.keys) this.tell(found);
    return range.revision;
  }

  private follow(member: MemberConnection, fromRevision: number): void {
    const request = watchRequest(this.root + this.prefix, fromRevision);
    const take = (bytes: Uint8Array): boolean => {
      const answer = readWatch(bytes);
      if (answer === null || answer.cancelled !== null) return false;
      if (!this.pool.isOurs(answer.clusterId)) return false;
      if (answer.created) this.waitMs = this.pool.times.retryMs[0];
      for (const { deleted, keyValue } of answer.events) {
        if (deleted) this.pool.report(`somebody deleted ${keyValue.key} in etcd`);
        else this.tell(keyValue);
      }
      return true;
    };
    const { tryMs } = this.pool.times;
    this.current = member.stream(METHODS.watch, request, tryMs, take, () => this.again(0));
    this.compareLater(member);
  }

  /** A member that serves and forgets to tell is noticed by what stands. */
  private compareLater(member: MemberConnection): void {
    this.compareTimer = setTimeout(() => {
      void this.list(member, false).then(() => this.cancelled || this.compareLater(member));
    }, this.pool.times.compareEveryMs);
    this.compareTimer.unref();
  }

  private tell(found: KeyValue): void {
    if (this.cancelled || found.modRevision <= (this.told.get(found.key) ?? 0)) return;
    const read = readDocument(this.root, found);
    if (!read.ok) return this.pool.report(read.message);
    this.told.set(found.key, found.modRevision);
    this.changed(read.key, read.record);
  }

  private again(attempt: number): void {
    this.end();
    if (this.cancelled || this.pool.isClosed) return;
    const waitMs = this.waitMs * (0.5 + this.random() / 2);
    this.waitMs = Math.min(2 * this.waitMs, this.pool.times.retryMs[1]);
    this.timer = setTimeout(() => void this.begin(attempt), waitMs);
  }
}
