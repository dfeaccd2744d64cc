import { METHODS, type StatusAnswer, readStatus } from './etcd-messages.js';
import { type CallResult, MemberConnection } from './member-connection.js';
import type { SecretSource } from './etcd-secrets.js';
import { versionFault } from './server-version.js';

/** How long things may take, in milliseconds. */
export interface EtcdTimes {
  /** A read or swap has ended after this, if only without an answer. */
  readonly deadlineMs: number;
  /** One member has this long to answer before another one is asked. */
  readonly tryMs: number;
  /** Each member is asked this often how it is, and has as long to answer. */
  readonly checkEveryMs: number;
  /** A member that failed a call is asked last for this long. */
  readonly avoidMs: number;
  /** Between attempts when no member helps; grows from the first to the second. */
  readonly retryMs: readonly [first: number, longest: number];
  /** A watch compares what it was told with what stands this often. */
  readonly compareEveryMs: number;
}

export const DEFAULT_ETCD_TIMES: EtcdTimes = {
  deadlineMs: 1500,
  tryMs: 500,
  checkEveryMs: 1000,
  avoidMs: 5000,
  retryMs: [50, 1000],
  compareEveryMs: 10_000,
};

const SAY_EVERY_MS = 30_000;
const SAID_LIMIT = 100;

export interface PoolOptions {
  readonly endpoints: readonly string[];
  readonly secrets: SecretSource;
  readonly times: EtcdTimes;
  readonly report: (message: string) => void;
}

/** What is known of a member. */
interface Member {
  readonly connection: MemberConnection;
  /** Answered the last check, with a leader; null before the first. */
  well: boolean | null;
  /** Never to be used as it is: too old, or of another cluster. */
  refused: string | null;
  avoidUntilMs: number;
  version: string | null;
  reported: string | null;
}

/** What the first check of every member found. */
export type PoolStart =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly message: string };

/**
 * The members of one etcd cluster. The first of those that are well is asked, in the order of the
 * configuration; one that does not answer, has no leader, is too old or belongs to another cluster
 * is not, until a check finds it better.
 */
export class MemberPool {
  private readonly members: readonly Member[];
  private readonly firstChecks: Promise<unknown>;
  private clusterId: bigint | null = null;
  private readonly timer: NodeJS.Timeout;
  private closed = false;
  private readonly saidMs = new Map<string, number>();
  private wakeWaiting: () => void = () => undefined;

  constructor(private readonly options: PoolOptions) {
    this.members = options.endpoints.map((endpoint) => ({
      connection: new MemberConnection(endpoint, options.secrets),
      well: null,
      refused: null,
      avoidUntilMs: 0,
      version: null,
      reported: null,
    }));
    this.firstChecks = this.checkAll();
    this.timer = setInterval(() => void this.checkAll(), options.times.checkEveryMs);
    this.timer.unref();
  }

  get times(): EtcdTimes {
    return this.options.times;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Waits for a member that may be used; says no when one must not be. */
  async start(signal: AbortSignal): Promise<PoolStart> {
    await this.firstChecks;
    for (;;) {
      const refused = this.members.find((member) => member.refused !== null);
      if (refused?.refused) return { ok: false, message: refused.refused };
      const usable = this.members.find(({ well, version }) => well === true && version !== null);
      if (usable?.version) return { ok: true, version: usable.version };
      if (signal.aborted || this.closed) return { ok: false, message: 'given up' };
      await new Promise<void>((resolve) => {
        this.wakeWaiting = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  /** Members to ask, the best first; those refused are left out. */
  order(): MemberConnection[] {
    const nowMs = performance.now();
    const rank = ({ well, avoidUntilMs }: Member): number =>
      (avoidUntilMs > nowMs ? 2 : 0) + (well === true ? 0 : well === null ? 1 : 3);
    return this.members
      .filter(({ refused }) => refused === null)
      .map((member, place) => ({ member, place }))
      .sort((a, b) => rank(a.member) - rank(b.member) || a.place - b.place)
      .map(({ member }) => member.connection);
  }

  /** A call, and what it tells of the member. */
  async call(
    to: MemberConnection,
    method: string,
    request: Uint8Array,
    leftMs = Number.POSITIVE_INFINITY,
  ): Promise<CallResult> {
    const { tryMs, avoidMs } = this.times;
    const result = await to.call(method, request, Math.min(tryMs, leftMs));
    const member = this.members.find(({ connection }) => connection === to);
    if (member === undefined) return result;
    if (result.ok) member.avoidUntilMs = 0;
    else member.avoidUntilMs = performance.now() + avoidMs;
    return result;
  }

  /** False for an answer of another etcd cluster than the first one that answered. */
  isOurs(clusterId: bigint): boolean {
    this.clusterId ??= clusterId;
    return this.clusterId === clusterId;
  }

  /** The same sentence at most every so often. */
  report(message: string): void {
    const nowMs = performance.now();
    if (this.closed || nowMs - (this.saidMs.get(message) ?? -SAY_EVERY_MS) < SAY_EVERY_MS) return;
    if (this.saidMs.size >= SAID_LIMIT) this.saidMs.clear();
    this.saidMs.set(message, nowMs);
    this.options.report(message);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    for (const { connection } of this.members) connection.close();
    this.options.secrets.close();
    this.wakeWaiting();
  }

  private async checkAll(): Promise<void> {
    await Promise.all(this.members.map((member) => this.check(member)));
    this.wakeWaiting();
  }

  private async check(member: Member): Promise<void> {
    const { connection } = member;
    const { checkEveryMs } = this.times;
    const result = await connection.call(METHODS.status, new Uint8Array(), checkEveryMs);
    if (this.closed) return;
    const status = result.ok ? readStatus(result.bytes) : null;
    if (status === null) {
      member.well = false;
      this.tell(member, result.ok ? 'its answer is not that of etcd' : result.message);
      // What goes over a connection that is silent would wait for ever.
      connection.drop();
      return;
    }
    this.judge(member, status);
  }

  private judge(member: Member, { version, clusterId, leaderId }: StatusAnswer): void {
    const { endpoint } = member.connection;
    const fault = versionFault(version);
    member.version = version;
    if (fault !== null) {
      member.refused = `etcd at ${endpoint} ${fault}`;
    } else if (leaderId !== 0n && !this.isOurs(clusterId)) {
      member.refused = `etcd at ${endpoint} is of another etcd cluster than the others`;
    } else {
      member.refused = null;
    }
    member.well = member.refused === null && leaderId !== 0n;
    this.tell(member, member.refused ?? (leaderId === 0n ? 'it knows of no leader' : null));
  }

  /** Each change of what is wrong with a member, once. */
  private tell(member: Member, wrong: string | null): void {
    if (member.reported === wrong) return;
    const { endpoint } = member.connection;
    if (wrong !== null) this.options.report(`etcd at ${endpoint}: ${wrong}`);
    else if (member.reported !== null) this.options.report(`etcd at ${endpoint} serves again`);
    member.reported = wrong;
  }
}
