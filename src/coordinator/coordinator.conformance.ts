/* eslint max-lines-per-function: off -- a suite is one function, as in a test file */
import type {
  ClaimRecord,
  Coordinator,
  PrimaryTable,
  Revised,
  SwapResult,
} from '../protocol/ports.js';
import type { TestKit } from '../transport/test-kit.js';

/** A store that two users reach through a coordinator each. */
export interface CoordinatorFixture {
  readonly first: Coordinator;
  readonly second: Coordinator;
  close(): Promise<void>;
}

export function claim(change: Partial<ClaimRecord> = {}): ClaimRecord {
  return {
    shard: 'nyc',
    epoch: 1,
    site: 'nyc',
    run: 'run-1',
    claimMs: 1000,
    renewal: 1,
    released: false,
    successor: '',
    ...change,
  };
}

export function read(
  coordinator: Coordinator,
  key: `claim/${string}`,
): Promise<Revised<ClaimRecord> | null> {
  return new Promise((resolve) => coordinator.read(key, resolve));
}

export function swap(
  coordinator: Coordinator,
  key: `claim/${string}`,
  revision: number,
  value: ClaimRecord,
): Promise<SwapResult<ClaimRecord>> {
  return new Promise((resolve) => coordinator.swap(key, revision, value, resolve));
}

/** Resolves when a watch of the prefix tells of a record that is wanted. */
export function seen(
  coordinator: Coordinator,
  prefix: string,
  wanted: (key: string, value: unknown) => boolean,
): Promise<{ readonly key: string; readonly revision: number }> {
  return new Promise((resolve) => {
    const watch = coordinator.watch(prefix, (key, current) => {
      if (!wanted(key, current.value)) return;
      watch.cancel();
      resolve({ key, revision: current.revision });
    });
  });
}

/** What every implementation of Coordinator promises. */
export function describeCoordinator(
  kit: TestKit,
  name: string,
  make: () => Promise<CoordinatorFixture>,
): void {
  const { describe, it, expect, beforeEach, afterEach } = kit;
  describe(`a coordinator (${name})`, () => {
    let fixture: CoordinatorFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(async () => {
      await fixture.close();
    });

    it('knows nothing of a key never written', async () => {
      expect(await read(fixture.first, 'claim/nyc')).toEqual({ value: null, revision: 0 });
    });

    it('never answers from within the call', async () => {
      let returned = false;
      const answered = new Promise<boolean>((resolve) =>
        fixture.first.read('claim/nyc', () => resolve(returned)),
      );
      returned = true;
      expect(await answered).toBe(true);
    });

    it('shows a swap to everybody at once', async () => {
      const swapped = await swap(fixture.first, 'claim/nyc', 0, claim());
      if (swapped.outcome !== 'swapped') throw new Error(swapped.outcome);
      expect(swapped.revision).toBeGreaterThan(0);
      expect(await read(fixture.second, 'claim/nyc')).toEqual({
        value: claim(),
        revision: swapped.revision,
      });
    });

    it('refuses a swap of an old revision and says what stands', async () => {
      const first = await swap(fixture.first, 'claim/nyc', 0, claim());
      const late = await swap(fixture.second, 'claim/nyc', 0, claim({ site: 'tor' }));
      expect(late).toEqual({
        outcome: 'conflict',
        current: { value: claim(), revision: first.outcome === 'swapped' ? first.revision : -1 },
      });
      const future = await swap(fixture.second, 'claim/lon', 77, claim({ shard: 'lon' }));
      expect(future).toEqual({ outcome: 'conflict', current: { value: null, revision: 0 } });
    });

    it('lets exactly one of many racing swappers win each round', async () => {
      let revision = 0;
      for (let round = 1; round <= 5; round += 1) {
        const results = await Promise.all(
          Array.from({ length: 16 }, (_, index) =>
            swap(
              index % 2 === 0 ? fixture.first : fixture.second,
              'claim/nyc',
              revision,
              claim({ epoch: round, run: `run-${index}` }),
            ),
          ),
        );
        const winners = results.flatMap((result, index) =>
          result.outcome === 'swapped' ? [{ index, revision: result.revision }] : [],
        );
        expect(winners).toHaveLength(1);
        const won = winners[0] as { index: number; revision: number };
        expect(won.revision).toBeGreaterThan(revision);
        revision = won.revision;
        const standing = { value: claim({ epoch: round, run: `run-${won.index}` }), revision };
        expect(await read(fixture.first, 'claim/nyc')).toEqual(standing);
        for (const result of results) {
          if (result.outcome === 'conflict') expect(result.current).toEqual(standing);
        }
      }
    });

    it('tells a watch the current state, every last change, and only its prefix', async () => {
      await swap(fixture.first, 'claim/nyc', 0, claim());
      await swap(fixture.first, 'claim/tor', 0, claim({ shard: 'tor' }));
      const keys = new Set<string>();
      const revisions = new Map<string, number>();
      let ordered = true;
      const last = new Promise<void>((resolve) => {
        fixture.second.watch('claim/', (key, current) => {
          keys.add(key);
          ordered &&= current.revision >= (revisions.get(key) ?? 0);
          revisions.set(key, current.revision);
          if ((current.value as ClaimRecord).renewal === 50) resolve();
        });
      });
      const settings = {
        clusterId: 'c',
        sites: ['nyc'],
        replicas: 1,
        writeQuorum: 1,
        readQuorum: 1,
      };
      await new Promise((resolve) => fixture.first.swap('settings', 0, settings, resolve));
      let current = await read(fixture.first, 'claim/nyc');
      for (let renewal = 2; renewal <= 50; renewal += 1) {
        await swap(fixture.first, 'claim/nyc', current?.revision ?? 0, claim({ renewal }));
        current = await read(fixture.first, 'claim/nyc');
      }
      await last;
      expect([...keys].sort()).toEqual(['claim/nyc', 'claim/tor']);
      expect(ordered).toBe(true);
      expect(revisions.get('claim/nyc')).toBe(current?.revision);
    });

    it('tells a cancelled watch nothing more', async () => {
      let told = 0;
      const watch = fixture.first.watch('claim/', () => (told += 1));
      watch.cancel();
      const other = seen(fixture.second, 'claim/', () => true);
      await swap(fixture.second, 'claim/nyc', 0, claim());
      await other;
      expect(told).toBe(0);
    });

    it('keeps the primary table with its rules and its change under way', async () => {
      const table: PrimaryTable = {
        version: 1,
        rules: [
          { pattern: { kind: 'exact', name: 'demo/file1.txt' }, shards: ['nyc'] },
          { pattern: { kind: 'prefix', prefix: 'logs/' }, shards: ['tor'] },
          { pattern: { kind: 'default' }, shards: ['nyc', 'tor', 'lon'] },
        ],
        pending: { pattern: { kind: 'prefix', prefix: 'a/' }, to: 'lon', state: 'leaving' },
      };
      await new Promise((resolve) => fixture.first.swap('table', 0, table, resolve));
      const stored = await new Promise((resolve) => fixture.second.read('table', resolve));
      expect(stored).toMatchObject({ value: table });
    });
  });
}
