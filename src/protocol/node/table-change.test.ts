import { describe, expect, it } from 'vitest';
import type { LogEntry, NamePattern, Operation } from '../log-entry.js';
import type { Coordinator, PrimaryTable, Revised, TableRule } from '../ports.js';
import type { WriteAnswer, WriteRequest } from '../request.js';
import { createOwnership, noteMove, owns, recordOf, wouldLose } from '../shard/ownership.js';
import {
  changeTable,
  finishPendingChange,
  type TableChangePorts,
  type TableChangeResult,
} from './table-change.js';

const SHARDS = ['nyc', 'tor', 'lon'];
const RULES: readonly TableRule[] = [{ pattern: { kind: 'default' }, shards: SHARDS }];
const PATTERN: NamePattern = { kind: 'prefix', prefix: 'docs/new/' };
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `docs/new/${letter}`);

/** A shard that decides as the protocol does, and commits at once. */
class FakeShard {
  readonly ownership;
  readonly files = new Set<string>();
  private readonly known = new Map<string, WriteAnswer>();
  private seq = 0;

  constructor(readonly shard: string) {
    this.ownership = createOwnership(shard, RULES, []);
  }

  take({ requestId, intent }: WriteRequest): WriteAnswer {
    const earlier = this.known.get(requestId);
    if (earlier !== undefined) return earlier;
    if (!('tableVersion' in intent)) throw new Error('not a move');
    const known = recordOf(this.ownership, intent.pattern);
    const overtaken = known !== undefined && known.tableVersion > intent.tableVersion;
    const givenUp = known?.tableVersion === intent.tableVersion && known.state === 'back';
    if (overtaken || (givenUp && intent.kind !== 'move-back')) return rejection('moving');
    if (intent.kind === 'move-out') {
      const { pattern, to } = intent;
      const leaving = [...this.files].some(wouldLose(this.ownership, pattern, to));
      if (leaving) return rejection('names_have_files');
    }
    noteMove(this.ownership, this.entry(requestId, intent));
    const answer: WriteAnswer = {
      outcome: 'committed',
      name: '',
      version: 0,
      epoch: 1,
      seq: this.seq,
      atMs: 0,
    };
    this.known.set(requestId, answer);
    return answer;
  }

  private entry(requestId: string, operation: Operation): LogEntry {
    this.seq += 1;
    return { epoch: 1, seq: this.seq, atMs: 0, requestId, operation };
  }
}

function rejection(reason: 'moving' | 'names_have_files'): WriteAnswer {
  return { outcome: 'rejected', reason, current: null };
}

interface Event {
  readonly driver: number;
  readonly run: () => void;
}

/** Shards, a coordinator and drivers whose every answer waits until the test lets it go. */
class Scene {
  readonly shards = new Map(SHARDS.map((shard) => [shard, new FakeShard(shard)]));
  readonly results: (TableChangeResult | undefined)[] = [];
  table: Revised<PrimaryTable> = {
    value: { version: 1, rules: RULES, pending: null },
    revision: 1,
  };
  private events: Event[] = [];
  /** The shard that does not answer, if there is one. */
  silent = '';

  /** Begins a change, or finishes the pending one where `to` is null. */
  start(to: string | null, pattern: NamePattern = PATTERN): number {
    const driver = this.results.push(undefined) - 1;
    const later = (run: () => void): void => void this.events.push({ driver, run });
    const coordinator: Pick<Coordinator, 'read' | 'swap'> = {
      read: (_key, done) => later(() => done(this.table as Parameters<typeof done>[0])),
      swap: (_key, revision, value, done) =>
        later(() => {
          const current = this.table as Revised<typeof value>;
          if (current.revision !== revision) return done({ outcome: 'conflict', current });
          this.table = { value: value as PrimaryTable, revision: revision + 1 };
          return done({ outcome: 'swapped', revision: revision + 1 });
        }),
    };
    const ports: TableChangePorts = {
      coordinator,
      shards: SHARDS,
      initialRules: RULES,
      submit: (shard, request, done) =>
        later(() => {
          if (shard === this.silent) return done({ outcome: 'unknown', reason: 'timeout' });
          const answer = this.shards.get(shard)?.take(request);
          this.check();
          if (answer !== undefined) done(answer);
        }),
    };
    const done = (result: TableChangeResult): void => {
      this.results[driver] = result;
    };
    if (to === null) finishPendingChange(ports, done);
    else changeTable(ports, { pattern, to }, done);
    return driver;
  }

  /** Lets the answer go that `pick` names out of those that wait; false when none waits. */
  step(pick: (count: number) => number): boolean {
    const [event] = this.events.splice(pick(this.events.length), 1);
    event?.run();
    return event !== undefined;
  }

  run(pick: (count: number) => number = () => 0): void {
    while (this.step(pick));
  }

  /** The driver's process ends: what it waits for never comes. */
  crash(driver: number): void {
    this.events = this.events.filter((event) => event.driver !== driver);
  }

  owners(name: string): string[] {
    return [...this.shards.values()]
      .filter(({ ownership }) => owns(ownership, name))
      .map(({ shard }) => shard);
  }

  /** At no moment do two shards accept a name. */
  check(): void {
    for (const name of NAMES) expect(this.owners(name).length).toBeLessThanOrEqual(1);
  }
}

function pickerOf(seed: number): (count: number) => number {
  let state = seed * 2654435761 + 1;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return count === 0 ? 0 : (state >>> 8) % count;
  };
}

describe('a change of the primary table', () => {
  it('takes the names from every shard and gives them to one', () => {
    const scene = new Scene();
    scene.start('tor');
    scene.run();
    expect(scene.results[0]).toMatchObject({ ok: true, table: { version: 2, pending: null } });
    for (const name of NAMES) expect(scene.owners(name)).toEqual(['tor']);
  });

  it('does nothing where the table says so already', () => {
    const scene = new Scene();
    scene.start('tor');
    scene.run();
    const { revision } = scene.table;
    scene.start('tor');
    scene.run();
    expect(scene.results[1]?.ok).toBe(true);
    expect(scene.table.revision).toBe(revision);
  });

  it('goes back to what was when names have files', () => {
    const scene = new Scene();
    const before = NAMES.map((name) => scene.owners(name));
    const [holder] = before[2] ?? [];
    scene.shards.get(holder ?? '')?.files.add(NAMES[2] ?? '');
    const to = SHARDS.find((shard) => shard !== holder) ?? '';
    scene.start(to);
    scene.run();
    expect(scene.results[0]).toEqual({ ok: false, reason: 'names_have_files' });
    expect(scene.table.value).toEqual({ version: 2, rules: RULES, pending: null });
    expect(NAMES.map((name) => scene.owners(name))).toEqual(before);
  });

  it('goes back to the rule that was there before', () => {
    const scene = new Scene();
    scene.start('tor');
    scene.run();
    scene.shards.get('tor')?.files.add('docs/new/a');
    scene.start('lon');
    scene.run();
    expect(scene.results[1]).toEqual({ ok: false, reason: 'names_have_files' });
    for (const name of NAMES) expect(scene.owners(name)).toEqual(['tor']);
  });

  it('says where it stopped, and is finished by the next change of anybody', () => {
    const scene = new Scene();
    scene.silent = 'lon';
    scene.start('tor');
    scene.run();
    expect(scene.results[0]).toEqual({ ok: false, reason: 'unfinished', shard: 'lon' });
    expect(scene.table.value?.pending).toMatchObject({ to: 'tor', state: 'leaving' });
    scene.silent = '';
    scene.start('nyc', { kind: 'exact', name: 'docs/other' });
    scene.run();
    expect(scene.results[1]?.ok).toBe(true);
    for (const name of NAMES) expect(scene.owners(name)).toEqual(['tor']);
    expect(scene.owners('docs/other')).toEqual(['nyc']);
  });

  it('stops when the coordinator does not answer', () => {
    const results: TableChangeResult[] = [];
    const coordinator: Pick<Coordinator, 'read' | 'swap'> = {
      read: (_key, done) => done(null),
      swap: () => undefined,
    };
    const ports = { coordinator, shards: SHARDS, initialRules: RULES, submit: () => undefined };
    changeTable(ports, { pattern: PATTERN, to: 'tor' }, (result) => results.push(result));
    expect(results).toEqual([{ ok: false, reason: 'coordinator_unavailable' }]);
  });
});

describe('a change that is driven by several, or left by some', () => {
  it.each([false, true])('leaves each name with exactly one shard (files there: %s)', (files) => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const scene = new Scene();
      if (files) {
        const holder = scene.owners('docs/new/a')[0] ?? '';
        scene.shards.get(holder)?.files.add('docs/new/a');
      }
      scene.start('tor');
      scene.start('tor');
      scene.start('lon');
      scene.run(pickerOf(seed));
      expect(scene.table.value?.pending).toBeNull();
      for (const name of NAMES) expect(scene.owners(name)).toHaveLength(1);
      expect(scene.results.every((result) => result !== undefined)).toBe(true);
    }
  });

  it.each([false, true])('is resumed by another after each of its steps (files: %s)', (files) => {
    for (let seed = 1; seed <= 10; seed += 1) {
      for (let steps = 0; steps < 14; steps += 1) {
        const scene = new Scene();
        const holder = scene.owners('docs/new/a')[0] ?? '';
        if (files) scene.shards.get(holder)?.files.add('docs/new/a');
        const to = SHARDS.find((shard) => shard !== holder) ?? '';
        const pick = pickerOf(seed);
        scene.start(to);
        for (let step = 0; step < steps; step += 1) scene.step(pick);
        scene.crash(0);
        scene.start(null);
        scene.run(pick);
        expect(scene.table.value?.pending).toBeNull();
        for (const name of NAMES) expect(scene.owners(name)).toHaveLength(1);
        scene.results.pop();
        scene.start(to);
        scene.run(pick);
        expect(scene.results[1]).toMatchObject(
          files ? { ok: false, reason: 'names_have_files' } : { ok: true },
        );
        expect(scene.table.value?.pending).toBeNull();
        const owner = files ? holder : to;
        expect(scene.owners('docs/new/a')).toEqual([owner]);
        for (const name of NAMES) expect(scene.owners(name)).toHaveLength(1);
      }
    }
  });
});
