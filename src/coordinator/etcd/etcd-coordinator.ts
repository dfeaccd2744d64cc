import { randomBytes } from 'node:crypto';
import type { CredentialSource } from '../../certificates/credential-watch.js';
import type { SwapResult } from '../../protocol/ports.js';
import type { CoordinatorKey, CoordinatorValue } from '../coordinator-schema.js';
import type { StoredRecord } from '../coordinator-state.js';
import type { RemoteCoordinator } from '../remote-coordinator.js';
import type { EtcdConfig } from './etcd-config.js';
import {
  type KeyValue,
  METHODS,
  readRange,
  readRequest,
  readTxn,
  swapRequest,
} from './etcd-messages.js';
import { EtcdWatch } from './etcd-watch.js';
import { openSecrets, type SecretSource } from './etcd-secrets.js';
import { DEFAULT_ETCD_TIMES, type EtcdTimes, MemberPool, type PoolStart } from './member-pool.js';
import { readDocument, writeDocument } from './stored-document.js';

export interface EtcdOptions {
  readonly report?: (message: string) => void;
  readonly times?: Partial<EtcdTimes>;
}

export type EtcdOpening =
  | { readonly ok: true; readonly coordinator: EtcdCoordinator }
  | { readonly ok: false; readonly message: string };

/** gRPC's numbers of answers that asking again does not change, and that changed nothing. */
const FINAL_CODES: ReadonlySet<number> = new Set([3, 7, 8, 12, 16]);

/** Reads the files of TLS; the only thing that can fail before etcd is asked. */
export async function openEtcdCoordinator(
  config: EtcdConfig,
  options: EtcdOptions = {},
): Promise<EtcdOpening> {
  const opened = await openSecrets(config.tls, options.report ?? (() => undefined));
  if (!opened.ok) return opened;
  return { ok: true, coordinator: new EtcdCoordinator(config, opened.secrets, options) };
}

/**
 * The coordinator that a cluster of etcd is. A document is the value of one key, its revision the
 * one of etcd that last wrote the key; a swap is one transaction on that. Every read is
 * linearizable, and every call ends within its deadline, asking one member after another.
 */
export class EtcdCoordinator implements RemoteCoordinator {
  readonly credentials: CredentialSource | null;
  private readonly pool: MemberPool;
  private readonly watches = new Set<EtcdWatch>();
  private readonly prefix: string;

  constructor(config: EtcdConfig, secrets: SecretSource, options: EtcdOptions) {
    const { endpoints, prefix } = config;
    const report = options.report ?? (() => undefined);
    const times = { ...DEFAULT_ETCD_TIMES, ...options.times };
    this.prefix = prefix;
    this.credentials = secrets.credentials;
    this.pool = new MemberPool({ endpoints, secrets, times, report });
  }

  /** Resolves once a member serves, or when one is too old or of another cluster. */
  start(signal: AbortSignal): Promise<PoolStart> {
    return this.pool.start(signal);
  }

  read: RemoteCoordinator['read'] = (key, done) => {
    void this.readKey(key).then((record) => done(record as Parameters<typeof done>[0]));
  };

  swap: RemoteCoordinator['swap'] = (key, revision, value, done) => {
    void this.swapKey(key, revision, value).then((result) =>
      done(result as Parameters<typeof done>[0]),
    );
  };

  watch: RemoteCoordinator['watch'] = (prefix, changed) => {
    const watch = new EtcdWatch(this.pool, this.prefix, prefix, changed);
    this.watches.add(watch);
    return {
      cancel: () => {
        this.watches.delete(watch);
        watch.cancel();
      },
    };
  };

  close(): void {
    for (const watch of this.watches) watch.cancel();
    this.watches.clear();
    this.pool.close();
  }

  private async readKey(key: CoordinatorKey): Promise<StoredRecord | null> {
    let found: StoredRecord | null = null;
    await this.attempt(METHODS.range, readRequest(this.prefix + key), (bytes) => {
      const range = readRange(bytes);
      if (range === null || range.keys.length > 1 || !this.pool.isOurs(range.clusterId)) {
        return false;
      }
      found = this.recordOf(range.keys[0] ?? null)?.record ?? null;
      return true;
    });
    return found;
  }

  /**
   * The value carries a name of its own for this attempt: a transaction whose answer was lost and
   * that is sent again finds its own writing, which is then told as what it was.
   */
  private async swapKey(
    key: CoordinatorKey,
    revision: number,
    value: CoordinatorValue,
  ): Promise<SwapResult<CoordinatorValue>> {
    const attempt = randomBytes(12).toString('hex');
    const document = writeDocument(value, attempt);
    const request = swapRequest(this.prefix + key, revision, document);
    let result: SwapResult<CoordinatorValue> = { outcome: 'unknown' };
    await this.attempt(METHODS.txn, request, (bytes, mayHaveHappened) => {
      const txn = readTxn(bytes);
      if (txn === null || !this.pool.isOurs(txn.clusterId)) return false;
      if (txn.succeeded) {
        result = { outcome: 'swapped', revision: txn.revision };
        return true;
      }
      const standing = this.recordOf(txn.standing);
      if (standing === null) return true;
      const { record: current, attempt: writer } = standing;
      if (writer === attempt) result = { outcome: 'swapped', revision: current.revision };
      // It may have stood for a moment before what stands now.
      else if (!mayHaveHappened) result = { outcome: 'conflict', current };
      return true;
    });
    return result;
  }

  /**
   * Asks members until one answers something that `take` understands, or the deadline is over.
   * `take` is told whether an earlier try of this call may have had its effect.
   */
  private async attempt(
    method: string,
    request: Uint8Array,
    take: (bytes: Uint8Array, mayHaveHappened: boolean) => boolean,
  ): Promise<void> {
    const { times } = this.pool;
    const untilMs = performance.now() + times.deadlineMs;
    let asked = new Set<string>();
    let mayHaveHappened = false;
    while (!this.pool.isClosed && performance.now() < untilMs) {
      const member = this.pool.order().find(({ endpoint }) => !asked.has(endpoint));
      if (member === undefined) {
        asked = new Set();
        await new Promise((resolve) => setTimeout(resolve, times.retryMs[0]));
        continue;
      }
      asked.add(member.endpoint);
      const leftMs = untilMs - performance.now();
      const result = await this.pool.call(member, method, request, leftMs);
      if (result.ok && take(result.bytes, mayHaveHappened)) return;
      if (!result.ok && result.code !== null && FINAL_CODES.has(result.code)) {
        return this.pool.report(`etcd at ${member.endpoint} refuses: ${result.message}`);
      }
      mayHaveHappened ||= result.ok || result.sent;
    }
  }

  /** A key never written stands at revision 0; null for bytes that are no document. */
  private recordOf(found: KeyValue | null): { record: StoredRecord; attempt: string } | null {
    if (found === null) return { record: { value: null, revision: 0 }, attempt: '' };
    const read = readDocument(this.prefix, found);
    if (read.ok) return read;
    this.pool.report(read.message);
    return null;
  }
}
