import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENTS_LIMIT, EventRing, type SiteEvent } from './event-ring.js';
import { Journal } from './journal.js';

let folder: string;
const lines: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-events-'));
  lines.length = 0;
});

afterEach(() => rm(folder, { recursive: true }));

function journal(): Journal {
  const line = (_atMs: number, message: string): void => void lines.push(message);
  return new Journal('nyc', { isOn: () => true, line }, () => 1000);
}

const event = (message: string): Omit<SiteEvent, 'id'> => ({
  atMs: 1,
  site: 'nyc',
  kind: 'primary',
  level: 'info',
  message,
});

describe('the events of a site', () => {
  it('are kept over a restart, and go on counting', async () => {
    const first = journal();
    first.report('began', { event: 'started' });
    await first.keepIn(folder);
    first.report('leads', { event: 'primary', shard: 'nyc', fields: { epoch: 3 } });
    first.report('only a line of the log');
    await first.close();
    expect(lines).toEqual(['began', 'leads', 'only a line of the log']);
    const second = journal();
    second.report('began again', { event: 'started' });
    await second.keepIn(folder);
    expect(second.events.all()).toEqual([
      { id: 1, atMs: 1000, site: 'nyc', kind: 'started', level: 'info', message: 'began' },
      {
        id: 2,
        atMs: 1000,
        site: 'nyc',
        kind: 'primary',
        level: 'info',
        message: 'leads',
        shard: 'nyc',
        fields: { epoch: 3 },
      },
      { id: 3, atMs: 1000, site: 'nyc', kind: 'started', level: 'info', message: 'began again' },
    ]);
    await second.close();
  });

  it('leave out of the file what is no event', async () => {
    const first = journal();
    await first.keepIn(folder);
    first.report('leads', { event: 'primary' });
    await first.close();
    await appendFile(join(folder, 'events.jsonl'), 'torn {"format":1,"id":\n{"format":9,"id":2}\n');
    const second = journal();
    await second.keepIn(folder);
    expect(second.events.all().map(({ message }) => message)).toEqual(['leads']);
  });

  it('are written anew before the file grows without end', async () => {
    const all = journal();
    await all.keepIn(folder);
    for (let count = 0; count < 4 * EVENTS_LIMIT; count += 1) {
      all.report(`number ${count}`, { event: 'primary' });
      if (count % EVENTS_LIMIT === 0) await all.close();
    }
    await all.close();
    const kept = (await readFile(join(folder, 'events.jsonl'), 'utf8')).trim().split('\n');
    expect(kept.length).toBeLessThanOrEqual(3 * EVENTS_LIMIT);
    expect(kept.at(-1)).toContain(`number ${4 * EVENTS_LIMIT - 1}`);
    expect(all.events.all()).toHaveLength(EVENTS_LIMIT);
  });

  it('are given from an id on, or the newest of them', () => {
    const ring = new EventRing();
    for (const name of ['a', 'b', 'c', 'd']) ring.add(event(name));
    const told = (after: number | undefined, limit: number): string =>
      ring
        .after(after, limit)
        .map(({ message }) => message)
        .join('');
    expect([told(undefined, 2), told(0, 3), told(2, 9), told(4, 9)]).toEqual([
      'cd',
      'abc',
      'cd',
      '',
    ]);
  });

  it('are told to followers as they happen, until those have heard enough', () => {
    const ring = new EventRing();
    const heard: number[] = [];
    const following = ring.follow(({ id }) => heard.push(id));
    ring.add(event('a'));
    following.cancel();
    ring.add(event('b'));
    expect(heard).toEqual([1]);
  });
});
