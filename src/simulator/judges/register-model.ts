import type { CommittedEntry, Condition, History, Operation } from '../history.js';
import type { Random } from '../random.js';
import { conditionHolds } from './finding.js';

/** A mistake that the model makes on purpose, to see that the judges see it. */
export type Flaw = 'none' | 'stale_read' | 'lost_update' | 'double_apply';

export interface ModelOptions {
  readonly operations: number;
  readonly clients: number;
  readonly files: number;
  readonly readChance: number;
  readonly deleteChance: number;
  readonly conditionChance: number;
  readonly unknownChance: number;
  readonly flaw: Flaw;
  readonly flawChance: number;
}

interface Call {
  readonly client: number;
  readonly id: number;
  readonly name: string;
  readonly kind: 'write' | 'delete' | 'read';
  readonly startMs: number;
  /** When it takes effect. */
  readonly pointMs: number;
  readonly endMs: number;
  readonly isUnanswered: boolean;
  readonly isLost: boolean;
  readonly isConditional: boolean;
  readonly requestId: string;
  /** The call that this one retries; its value and condition are used again. */
  readonly retries: Call | undefined;
}

interface Register {
  version: number;
  value: string | null;
  previous: { readonly version: number; readonly value: string | null };
}

/**
 * Histories of clients that use registers which are correct, or broken in one known way. For
 * testing judges, not stores.
 */
export function generateHistory(random: Random, options: ModelOptions): History {
  const calls = drawCalls(random, options);
  calls.sort((a, b) => a.pointMs - b.pointMs);
  const model = new RegisterModel(random, options);
  const operations = calls.map((call) => model.perform(call));
  operations.sort((a, b) => (a.endMs ?? Infinity) - (b.endMs ?? Infinity));
  return { operations, entries: model.entries };
}

function drawCalls(random: Random, options: ModelOptions): Call[] {
  const calls: Call[] = [];
  const times = new Float64Array(options.clients);
  const retrying: (Call | undefined)[] = [];
  for (let id = 0; id < options.operations; id += 1) {
    const client = id % options.clients;
    const startMs = times[client]! + random.between(0.1, 10);
    const pointMs = startMs + random.between(0.1, 10);
    const endMs = pointMs + random.between(0.1, 10);
    times[client] = endMs;
    const retries = retrying[client];
    const isRead = retries === undefined && random.chance(options.readChance);
    const kind = isRead ? 'read' : random.chance(options.deleteChance) ? 'delete' : 'write';
    const isUnanswered = !isRead && random.chance(options.unknownChance);
    const call: Call = {
      client,
      id,
      name: retries?.name ?? `b/f${random.int(options.files)}`,
      kind: retries?.kind ?? kind,
      startMs,
      pointMs,
      endMs,
      isUnanswered,
      isLost: isUnanswered && random.chance(0.5),
      isConditional: retries?.isConditional ?? random.chance(options.conditionChance),
      requestId: retries?.requestId ?? `r${id}`,
      retries,
    };
    calls.push(call);
    retrying[client] = isUnanswered && random.chance(0.7) ? call : undefined;
  }
  return calls;
}

class RegisterModel {
  readonly entries: CommittedEntry[] = [];
  private readonly registers = new Map<string, Register>();
  private readonly done = new Map<string, CommittedEntry>();
  private readonly seen = new Map<string, { version: number; value: string | null }>();
  private readonly conditions = new Map<string, Condition | undefined>();

  constructor(
    private readonly random: Random,
    private readonly options: ModelOptions,
  ) {}

  perform(call: Call): Operation {
    const register = this.registerOf(call.name);
    const { client, id, kind, name, startMs } = call;
    const common = { client: `c${client}`, site: 'nyc', id, kind, name, startMs };
    if (call.kind === 'read') {
      const isStale = this.isFlawed('stale_read');
      const { version, value } = isStale ? register.previous : register;
      this.seen.set(`${client} ${name}`, { version, value });
      return { ...common, endMs: call.endMs, outcome: 'ok', version, value };
    }
    const condition = this.conditionOf(call);
    const value = kind === 'delete' ? null : call.requestId;
    const asked = {
      ...common,
      requestId: call.requestId,
      value,
      ...(condition === undefined ? {} : { condition }),
    };
    const answer = call.isLost ? undefined : this.write(call, register, value, condition);
    if (call.isUnanswered || answer === undefined) {
      return { ...asked, endMs: call.endMs, outcome: 'unknown', reason: 'timeout' };
    }
    return { ...asked, endMs: call.endMs, ...answer };
  }

  private write(
    call: Call,
    register: Register,
    value: string | null,
    condition: Condition | undefined,
  ): Pick<Operation, 'outcome' | 'reason' | 'version' | 'epoch' | 'seq' | 'value'> {
    const { name, requestId } = call;
    const original = this.done.get(requestId);
    if (original !== undefined && !this.isFlawed('double_apply')) {
      const { version, epoch, seq } = original;
      return { outcome: 'committed', version, epoch, seq };
    }
    const asked = call.kind === 'delete' ? { ...condition, ifMatch: ['*'] } : condition;
    if (asked !== undefined && !conditionHolds(asked, register.version, register.value)) {
      const { version } = register;
      const reason = 'precondition_failed';
      return { outcome: 'rejected', reason, version, value: register.value };
    }
    const version = register.version + 1;
    const entry = { name, version, epoch: 1, seq: this.entries.length + 1, value, requestId };
    if (this.isFlawed('lost_update')) {
      return { outcome: 'committed', version, epoch: 1, seq: entry.seq };
    }
    this.entries.push(entry);
    this.done.set(requestId, entry);
    register.previous = { version: register.version, value: register.value };
    register.version = version;
    register.value = value;
    return { outcome: 'committed', version, epoch: 1, seq: entry.seq };
  }

  private conditionOf(call: Call): Condition | undefined {
    if (this.conditions.has(call.requestId)) return this.conditions.get(call.requestId);
    const seen = this.seen.get(`${call.client} ${call.name}`);
    let condition: Condition | undefined;
    if (call.isConditional) {
      const isKnown = seen !== undefined && seen.value !== null;
      condition = isKnown ? { ifVersion: seen.version, ifValue: seen.value } : { ifAbsent: true };
    }
    this.conditions.set(call.requestId, condition);
    return condition;
  }

  private isFlawed(flaw: Flaw): boolean {
    return this.options.flaw === flaw && this.random.chance(this.options.flawChance);
  }

  private registerOf(name: string): Register {
    let register = this.registers.get(name);
    if (register === undefined) {
      register = { version: 0, value: null, previous: { version: 0, value: null } };
      this.registers.set(name, register);
    }
    return register;
  }
}
