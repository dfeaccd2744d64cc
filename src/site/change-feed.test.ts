import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMINISTRATOR } from './access/caller.js';
import type { Change } from '../protocol/client/messages.js';
import { ChangeFeed, type FeedPosition } from '../protocol/node/change-feed.js';
import { TestCluster, bodyOf } from './test-cluster.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await new TestCluster().ready();
  await cluster.at('nyc').createBucket('docs');
});

afterEach(() => cluster.stop());

/** Everything that a feed tells, and a promise of having so many changes. */
class Told {
  readonly changes: Change[] = [];
  position: FeedPosition = new Map();
  private waiting: { count: number; done: () => void } | null = null;

  listener = {
    changes: (changes: readonly Change[], position: FeedPosition): void => {
      this.changes.push(...changes);
      this.position = new Map(position);
      if (this.waiting !== null && this.changes.length >= this.waiting.count) this.waiting.done();
    },
    tooOld: (): void => {
      throw new Error('the log does not reach back');
    },
  };

  until(count: number): Promise<void> {
    if (this.changes.length >= count) return Promise.resolve();
    return new Promise((done) => {
      this.waiting = { count, done };
    });
  }

  summary(): string[] {
    return this.changes.map(({ kind, name, version }) => `${kind} ${name} ${version}`);
  }
}

function follow(site: string, prefix: string, from: FeedPosition | null): [Told, ChangeFeed] {
  const told = new Told();
  const feed = new ChangeFeed(cluster.node(site), prefix, from, told.listener);
  feed.start();
  return [told, feed];
}

describe('a change feed', () => {
  it('tells puts, restores and deletes of the files under its prefix, in order', async () => {
    const [told] = follow('lon', 'docs/nyc/', null);
    const nyc = cluster.at('nyc');
    await nyc.write('docs/nyc/a', bodyOf('1'));
    await nyc.write('docs/tor/other', bodyOf('1'));
    await nyc.write('docs/nyc/a', bodyOf('2'));
    await nyc.copy('docs/nyc/a', 'docs/nyc/a', { version: 1 });
    await nyc.remove('docs/nyc/a');
    await told.until(4);
    expect(told.summary()).toEqual([
      'put docs/nyc/a 1',
      'put docs/nyc/a 2',
      'restore docs/nyc/a 3',
      'delete docs/nyc/a 4',
    ]);
  });

  it('goes on at another site from where it stood, with nothing twice and nothing left out', async () => {
    const [first, feed] = follow('lon', 'docs/', null);
    await cluster.at('nyc').write('docs/nyc/a', bodyOf('1'));
    await first.until(1);
    feed.cancel();
    await cluster.at('nyc').write('docs/nyc/a', bodyOf('2'));
    await cluster.at('nyc').write('docs/tor/b', bodyOf('1'));
    const [second] = follow('tor', 'docs/', first.position);
    await second.until(2);
    expect(second.summary().sort()).toEqual(['put docs/nyc/a 2', 'put docs/tor/b 1']);
    expect(first.summary()).toEqual(['put docs/nyc/a 1']);
  });

  it('keeps the records of the site itself to itself', async () => {
    const told: string[] = [];
    let done = (): void => {};
    const isTold = new Promise<void>((resolve) => {
      done = resolve;
    });
    const session = cluster.at('nyc').openSession((frame) => {
      told.push(String(frame));
      if (String(frame).includes('second/file1.txt')) done();
    }, ADMINISTRATOR);
    session?.receive(JSON.stringify({ kind: 'watch', id: 1, prefix: '', from: null }));
    const [all] = follow('nyc', '', null);
    await cluster.at('nyc').createBucket('second');
    await cluster.at('nyc').write('second/file1.txt', bodyOf('1'));
    await all.until(2);
    await isTold;
    session?.closed();
    expect(all.summary()).toContain('put .system/buckets/second 1');
    expect(told.join()).not.toContain('.system/');
  });
});
