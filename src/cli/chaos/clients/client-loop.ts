import type { Operation } from '../../../simulator/history.js';
import type { Random } from '../../../simulator/random.js';
import { contentHash } from '../../../storage/content-hash.js';
import type { Contents } from './contents.js';
import type { HistoryRecorder } from './history-recorder.js';
import type { Names } from './names.js';
import type { Basis, Seen, StoreClient, WriteOutcome } from './store-client.js';

export interface LoopParts {
  readonly name: string;
  readonly client: StoreClient;
  readonly random: Random;
  readonly names: Names;
  readonly contents: Contents;
  readonly recorder: HistoryRecorder;
  readonly count: (what: string) => void;
  /** The time of the history. */
  readonly nowMs: () => number;
  readonly pauseMs: number;
}

type Action =
  | 'read-hot'
  | 'read-any'
  | 'write-hot'
  | 'write-cold'
  | 'change-hot'
  | 'remove'
  | 'list'
  | 'write-large'
  | 'read-large';

const WEIGHTS: readonly (readonly [Action, number])[] = [
  ['read-hot', 34],
  ['read-any', 10],
  ['write-hot', 18],
  ['write-cold', 7],
  ['change-hot', 14],
  ['remove', 6],
  ['list', 3],
  ['write-large', 2],
  ['read-large', 4],
];
const ALL_WEIGHT = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
const REPEAT_CHANCE = 0.6;
const SEEN_LIMIT = 200;
const REFUSED_FACTOR = 4;

function isConflict(reason: string | undefined): boolean {
  return reason === 'precondition_failed' || reason === 'no_such_file';
}

/** One client that does one thing after the other and writes down what came of each. */
export class ClientLoop {
  private readonly seen = new Map<string, Seen>();
  private calls = 0;
  /** Where nobody serves, it asks less often: refusals are quick and tell little. */
  private wasRefused = false;

  constructor(private readonly parts: LoopParts) {}

  async run(stopped: AbortSignal): Promise<void> {
    const { random, pauseMs } = this.parts;
    while (!stopped.aborted) {
      this.wasRefused = false;
      await this.act(this.pick());
      const meanMs = this.wasRefused ? REFUSED_FACTOR * pauseMs : pauseMs;
      const waitMs = Math.min(4 * meanMs, random.exponential(meanMs));
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  private pick(): Action {
    let left = this.parts.random.fraction() * ALL_WEIGHT;
    for (const [action, weight] of WEIGHTS) {
      left -= weight;
      if (left < 0) return action;
    }
    return 'read-hot';
  }

  private act(action: Action): Promise<void> {
    const { names, random, contents, nowMs, client } = this.parts;
    const hot = (): string => names.hot(random, nowMs());
    const small = (): Uint8Array => contents.small(this.nextId(), random);
    switch (action) {
      case 'read-hot':
        return this.read(hot());
      case 'read-any':
        return this.read(names.any(random, nowMs()));
      case 'read-large':
        return this.read(names.large(random, nowMs()));
      case 'write-hot':
        return this.write(hot(), small());
      case 'write-cold':
        return this.write(names.newCold(random), small());
      case 'change-hot':
        return this.change(hot(), small());
      case 'write-large':
        return this.write(names.large(random, nowMs()), contents.large(this.nextId(), random));
      case 'remove':
        return this.remove(random.chance(0.5) ? hot() : names.any(random, nowMs()));
      case 'list':
        return client.list === null ? this.read(hot()) : this.list();
    }
  }

  private async read(name: string): Promise<void> {
    const { client, random, nowMs } = this.parts;
    const mode = random.pick(client.modes);
    const startMs = nowMs();
    const read = await client.read(name, mode);
    const endMs = nowMs();
    const modeTold = mode === 'strong' ? {} : { mode };
    const call = { kind: 'read', name, startMs, endMs, ...modeTold } as const;
    if (!read.ok) {
      // Without a version there is nothing to judge.
      this.record({ ...call, outcome: 'failed', reason: read.reason });
      return;
    }
    const { version, value, freshness } = read.seen;
    this.record({ ...call, outcome: 'ok', version, value });
    if (freshness !== '') this.parts.count(`reads by ${freshness}`);
    if (mode !== 'local') this.remember(name, read.seen);
  }

  /** On the condition that nothing has changed since this client last saw the file. */
  private async change(name: string, bytes: Uint8Array): Promise<void> {
    const known = this.seen.get(name);
    await this.write(name, bytes, known === undefined || known.value === null ? 'absent' : known);
  }

  private async write(name: string, bytes: Uint8Array, basis?: Basis): Promise<void> {
    const request = { name, requestId: this.nextId(), ...(basis && { basis }) };
    const value = contentHash(bytes);
    const call = { kind: 'write', name, value } as const;
    await this.mutate(call, request.requestId, basis, () =>
      this.parts.client.write(request, bytes),
    );
  }

  private async remove(name: string): Promise<void> {
    const known = this.seen.get(name);
    const basis = this.parts.random.chance(0.5) && known?.value != null ? known : undefined;
    const request = { name, requestId: this.nextId(), ...(basis && { basis }) };
    const call = { kind: 'delete', name } as const;
    await this.mutate(call, request.requestId, basis, () => this.parts.client.remove(request));
  }

  /** One call of a write or delete, and perhaps another under its id where it stayed unknown. */
  private async mutate(
    call: Pick<Operation, 'kind' | 'name' | 'value'>,
    requestId: string,
    basis: Basis | undefined,
    send: () => Promise<WriteOutcome>,
  ): Promise<void> {
    const { client, random, nowMs } = this.parts;
    const condition = basis === undefined ? {} : { condition: client.conditionOf(basis) };
    for (;;) {
      const startMs = nowMs();
      const outcome = await send();
      const endMs = nowMs();
      const { value, ...rest } = call;
      const told = { ...rest, ...condition, requestId, startMs, endMs, ...outcome };
      // Of a rejection, `value` would be what it was judged against.
      this.record(
        outcome.outcome === 'rejected' || value === undefined ? told : { ...told, value },
      );
      this.seen.delete(call.name);
      if (outcome.outcome !== 'unknown' || !client.canRepeat) return;
      if (!random.chance(REPEAT_CHANCE)) return;
      this.parts.count('repeats under the same id');
    }
  }

  private async list(): Promise<void> {
    const { client, names, random, nowMs } = this.parts;
    const [bucket = ''] = names.hot(random, nowMs()).split('/', 1);
    const prefix = names.prefix(random, nowMs());
    const startMs = nowMs();
    const listed = await client.list?.(bucket, prefix);
    const endMs = nowMs();
    if (listed === undefined) return;
    const call = { kind: 'list', name: `${bucket}/${prefix}`, startMs, endMs } as const;
    if (!listed.ok) return this.record({ ...call, outcome: 'failed', reason: listed.reason });
    const files = [...listed.files];
    const limit = listed.isWhole ? {} : { limit: files.length };
    this.record({ ...call, outcome: 'ok', files, ...limit });
  }

  private record(told: Omit<Operation, 'id' | 'client' | 'site'>): void {
    const { name, client, recorder, count } = this.parts;
    recorder.record({ client: name, site: client.site, ...told });
    count('operations');
    count(`${client.kind} ${told.kind}s`);
    if (told.outcome === 'unknown' || told.outcome === 'rejected') count(told.outcome);
    if (told.outcome === 'failed') count('failed reads');
    if (told.outcome === 'committed') count('committed');
    this.wasRefused =
      told.outcome === 'failed' || (told.outcome === 'rejected' && !isConflict(told.reason));
  }

  private remember(name: string, seen: Seen): void {
    this.seen.delete(name);
    this.seen.set(name, seen);
    if (this.seen.size <= SEEN_LIMIT) return;
    const [oldest] = this.seen.keys();
    if (oldest !== undefined) this.seen.delete(oldest);
  }

  private nextId(): string {
    this.calls += 1;
    return `${this.parts.name}.${this.calls}`;
  }
}
