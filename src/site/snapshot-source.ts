import type { StoredShardView } from '../storage/view/lmdb-view.js';
import type { ViewSnapshot } from '../storage/view/view-snapshot.js';
import type { PeerNetwork } from '../transport/peer-network.js';
import { type Mend, readMended } from './lost-content.js';
import { isCount, isFields, isId } from '../protocol/message-fields.js';

/** Snapshots held for other sites; each keeps old pages of the view from being used again. */
const HELD_LIMIT = 4;
const IDLE_LIMIT_MS = 30_000;
const TOTAL_LIMIT_MS = 30 * 60_000;
/** Ranges told of in one answer. */
export const RANGES_LIMIT = 16;

interface Held {
  readonly snapshot: ViewSnapshot;
  readonly openedMs: number;
  idle: NodeJS.Timeout;
}

/** Gives other sites the views of this one, as of one moment each. */
export class SnapshotSource {
  private readonly held = new Map<number, Held>();
  private nextId = 1;

  constructor(
    network: PeerNetwork,
    /** Null where the shard is not known or its view is not to be read. */
    private readonly viewOf: (shard: string) => StoredShardView | null,
    private readonly mend: Mend,
  ) {
    const handle = (method: string, answer: (payload: unknown) => unknown): void =>
      network.handle(method, (_from, payload) => Promise.resolve(payload).then(answer));
    handle('snapshot.open', (payload) => this.open(payload));
    handle('snapshot.digests', (payload) => this.digests(payload));
    handle('snapshot.records', (payload) => this.records(payload));
    handle('snapshot.close', (payload) => {
      if (isCount(payload)) this.drop(payload);
    });
  }

  close(): void {
    for (const id of [...this.held.keys()]) this.drop(id);
  }

  private open(shard: unknown): unknown {
    const view = isId(shard) ? this.viewOf(shard) : null;
    if (view === null) throw new Error('no view that can be read');
    if (this.held.size >= HELD_LIMIT) throw new Error(`${HELD_LIMIT} snapshots are held already`);
    const snapshot = view.snapshot();
    const id = this.nextId++;
    const idle = this.idleTimer(id);
    this.held.set(id, { snapshot, openedMs: performance.now(), idle });
    return { id, position: snapshot.position };
  }

  private digests(payload: unknown): unknown {
    const { fields, snapshot } = this.use(payload);
    const { after } = fields;
    if (after !== null && !(after instanceof Uint8Array)) throw new Error('not a key');
    return snapshot.digests(after, RANGES_LIMIT);
  }

  private records(payload: unknown): Promise<Uint8Array[]> {
    const { fields, snapshot } = this.use(payload);
    const { after, to } = fields;
    if (!(after instanceof Uint8Array) || !(to instanceof Uint8Array))
      throw new Error('not a range');
    const mend: Mend = fields.asIs === true ? () => Promise.resolve('lost') : this.mend;
    return readMended(() => snapshot.records({ after, to }), mend);
  }

  private use(payload: unknown): {
    fields: Readonly<Record<string, unknown>>;
    snapshot: ViewSnapshot;
  } {
    const id = isFields(payload) && isCount(payload.id) ? payload.id : 0;
    const held = this.held.get(id);
    if (!isFields(payload) || held === undefined) throw new Error('no such snapshot');
    if (performance.now() - held.openedMs > TOTAL_LIMIT_MS) {
      this.drop(id);
      throw new Error('the snapshot was held for too long');
    }
    clearTimeout(held.idle);
    held.idle = this.idleTimer(id);
    return { fields: payload, snapshot: held.snapshot };
  }

  private idleTimer(id: number): NodeJS.Timeout {
    return setTimeout(() => this.drop(id), IDLE_LIMIT_MS).unref();
  }

  private drop(id: number): void {
    const held = this.held.get(id);
    if (held === undefined) return;
    this.held.delete(id);
    clearTimeout(held.idle);
    held.snapshot.close();
  }
}
