import type { NamePattern } from '../log-entry.js';
import type { Coordinator, PrimaryTable, TableRule } from '../ports.js';
import { patternText, withRule } from '../primary-table.js';
import type { WriteAnswer, WriteIntent, WriteRequest } from '../request.js';

/*
 * A change of the primary table: names of a pattern go from their shards to another. The shards'
 * logs decide who owns a name; the table's `pending` note says how far the change is, so that any
 * site can take it up where another left it. Each step may be repeated, by any number of drivers at
 * once: steps at the shards have request ids that follow from the change, and the note is swapped
 * by revision, so that exactly one of `entering` and `aborting` ever follows `leaving`.
 *
 *   leaving   every other shard logs move-out, or one says that the names have files
 *   entering  all have let go: the new shard logs move-in, then the rule is in the table
 *   aborting  every shard logs move-back, after which no late move-out can happen
 */

export interface TableChangePorts {
  readonly coordinator: Pick<Coordinator, 'read' | 'swap'>;
  /** All shards. */
  readonly shards: readonly string[];
  /** What holds while the coordinator has no table. */
  readonly initialRules: readonly TableRule[];
  /** Brings a step to a shard's primary; ends within its own deadline. */
  submit(shard: string, request: WriteRequest, done: (answer: WriteAnswer) => void): void;
}

export type TableChangeResult =
  | { readonly ok: true; readonly table: PrimaryTable }
  /** Some of the names have versions where they are now. Nothing changed. */
  | { readonly ok: false; readonly reason: 'names_have_files' }
  /** The coordinator did not answer. What had begun stays noted. */
  | { readonly ok: false; readonly reason: 'coordinator_unavailable' }
  /** A shard could not take its step; the next change, from any site, resumes this one. */
  | { readonly ok: false; readonly reason: 'unfinished'; readonly shard: string }
  /** The change was taken up and ended elsewhere, and another followed before it was looked at. */
  | { readonly ok: false; readonly reason: 'overtaken' };

/** Looks at the table, each of which finds that something has moved on. */
const ROUND_LIMIT = 32;

type Pending = NonNullable<PrimaryTable['pending']>;

/** Finishes what is pending, then makes the names of `pattern` belong to shard `to`. */
export function changeTable(
  ports: TableChangePorts,
  change: { readonly pattern: NamePattern; readonly to: string },
  done: (result: TableChangeResult) => void,
): void {
  new TableChange(ports, change, done).advance();
}

/** Finishes, or gives up, what another left pending; ends at once where nothing is. */
export function finishPendingChange(
  ports: TableChangePorts,
  done: (result: TableChangeResult) => void,
): void {
  new TableChange(ports, null, done).advance();
}

class TableChange {
  private roundsLeft = ROUND_LIMIT;
  /** The table version of this change, once it has been tried, and once it surely is noted. */
  private triedVersion = -1;
  private begunVersion = -1;

  constructor(
    private readonly ports: TableChangePorts,
    private readonly change: { readonly pattern: NamePattern; readonly to: string } | null,
    private readonly done: (result: TableChangeResult) => void,
  ) {}

  advance(): void {
    this.roundsLeft -= 1;
    if (this.roundsLeft < 0) return this.done({ ok: false, reason: 'unfinished', shard: '' });
    this.ports.coordinator.read('table', (current) => {
      if (current === null) return this.done({ ok: false, reason: 'coordinator_unavailable' });
      const { initialRules } = this.ports;
      const table = current.value ?? { version: 0, rules: initialRules, pending: null };
      if (table.pending === null) return this.begin(table, current.revision);
      if (table.version === this.triedVersion && this.isMine(table.pending)) {
        this.begunVersion = table.version;
      }
      return this.carryOut(table, table.pending, current.revision);
    });
  }

  private begin(table: PrimaryTable, revision: number): void {
    const { change } = this;
    if (change === null || namedShard(table.rules, change.pattern) === change.to) {
      return this.done({ ok: true, table });
    }
    if (this.begunVersion === table.version) {
      return this.done({ ok: false, reason: 'names_have_files' });
    }
    if (this.begunVersion >= 0) return this.done({ ok: false, reason: 'overtaken' });
    const version = table.version + 1;
    this.triedVersion = version;
    const pending: Pending = { ...change, state: 'leaving' };
    this.ports.coordinator.swap('table', revision, { ...table, version, pending }, (result) => {
      if (result.outcome === 'swapped') this.begunVersion = version;
      this.advance();
    });
  }

  private isMine(pending: Pending): boolean {
    const { change } = this;
    if (change === null || pending.to !== change.to) return false;
    return patternText(pending.pattern) === patternText(change.pattern);
  }

  private carryOut(table: PrimaryTable, pending: Pending, revision: number): void {
    const { pattern, to } = pending;
    const tableVersion = table.version;
    const { shards } = this.ports;
    const next = (value: PrimaryTable): void =>
      this.ports.coordinator.swap('table', revision, value, () => this.advance());
    switch (pending.state) {
      case 'leaving': {
        const others = shards.filter((shard) => shard !== to);
        return this.step('out', others, { kind: 'move-out', pattern, tableVersion, to }, (state) =>
          next({
            ...table,
            pending: { ...pending, state: state === 'done' ? 'entering' : 'aborting' },
          }),
        );
      }
      case 'entering':
        return this.step('in', [to], { kind: 'move-in', pattern, tableVersion }, (state) => {
          if (state === 'refused') return this.advance();
          const rules = withRule(table.rules, { pattern, shards: [to] });
          return next({ ...table, rules, pending: null });
        });
      case 'aborting': {
        const back = namedShard(table.rules, pattern);
        const intent: WriteIntent = { kind: 'move-back', pattern, tableVersion, to: back };
        return this.step('back', shards, intent, (state) =>
          state === 'refused' ? this.advance() : next({ ...table, pending: null }),
        );
      }
    }
  }

  /**
   * Lets each of the shards take a step. `refused`: one of them said that it never will, be it that
   * names have files there or that the change has gone on without this driver.
   */
  private step(
    label: string,
    shards: readonly string[],
    intent: Extract<WriteIntent, { readonly tableVersion: number }>,
    done: (state: 'done' | 'refused') => void,
  ): void {
    let open = shards.length;
    let refused = false;
    let failed: string | null = null;
    const finish = (): void => {
      if (refused) return done('refused');
      if (failed !== null) {
        return this.done({ ok: false, reason: 'unfinished', shard: failed });
      }
      return done('done');
    };
    if (open === 0) return finish();
    for (const shard of shards) {
      const requestId = `move/${intent.tableVersion}/${shard}/${label}`;
      this.ports.submit(shard, { requestId, since: null, intent, conditions: {} }, (answer) => {
        const state = stepState(answer);
        if (state === 'refused') refused = true;
        if (state === 'failed') failed ??= shard;
        open -= 1;
        if (open === 0) finish();
      });
    }
  }
}

function stepState(answer: WriteAnswer): 'done' | 'refused' | 'failed' {
  // A move writes no name: an id that wrote one was somebody else's, and no move happened.
  if (answer.outcome === 'committed') return answer.name === '' ? 'done' : 'failed';
  if (answer.outcome === 'unknown') return 'failed';
  return answer.reason === 'names_have_files' || answer.reason === 'moving' ? 'refused' : 'failed';
}

/** The shard that the rule of exactly this pattern names; '' where there is no such rule. */
function namedShard(rules: readonly TableRule[], pattern: NamePattern): string {
  const text = patternText(pattern);
  const rule = rules.find(
    (other) => other.pattern.kind === pattern.kind && textOf(other.pattern) === text,
  );
  return rule?.shards[0] ?? '';
}

function textOf(pattern: TableRule['pattern']): string {
  return pattern.kind === 'default' ? '' : patternText(pattern);
}
