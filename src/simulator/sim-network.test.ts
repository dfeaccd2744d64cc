import { describe, expect, it } from 'vitest';
import { NodeClock } from './clock.js';
import { EventQueue } from './event-queue.js';
import { Random } from './random.js';
import { DEFAULT_NETWORK, type NetworkOptions, SimNetwork } from './sim-network.js';

interface Packet {
  readonly number: number;
}

function world(changes: Partial<NetworkOptions> = {}): {
  readonly queue: EventQueue;
  readonly network: SimNetwork<Packet>;
  readonly heard: Map<string, string[]>;
  readonly start: (id: string) => void;
} {
  const queue = new EventQueue();
  const network = new SimNetwork<Packet>(queue, new Random('net'), {
    ...DEFAULT_NETWORK,
    ...changes,
  });
  const heard = new Map<string, string[]>();
  const start = (id: string): void => {
    const log: string[] = heard.get(id) ?? [];
    heard.set(id, log);
    network.start(id, new NodeClock(queue), {
      message: (from, { number }) => log.push(`${from}:${number}`),
      up: (peer) => log.push(`up ${peer}`),
      down: (peer) => log.push(`down ${peer}`),
    });
  };
  for (const id of ['a', 'b', 'c']) start(id);
  queue.runUntil(500);
  for (const log of heard.values()) log.length = 0;
  return { queue, network, heard, start };
}

const numbers = Array.from({ length: 200 }, (_, index) => index);

describe('the simulated network', () => {
  it('keeps the order within a session whatever the jitter', () => {
    const { queue, network, heard } = world({ jitterMs: 100 });
    for (const number of numbers) network.send('a', 'b', { number });
    queue.runUntil(10_000);
    expect(heard.get('b')).toEqual(numbers.map((number) => `a:${number}`));
  });

  it('reorders, loses and duplicates when it is told to', () => {
    const { queue, network, heard } = world({
      delivery: 'unordered',
      jitterMs: 100,
      lossChance: 0.1,
      duplicateChance: 0.1,
    });
    for (const number of numbers) network.send('a', 'b', { number });
    queue.runUntil(10_000);
    const { lost, duplicated, reordered, delivered } = network.counts;
    expect(lost).toBeGreaterThan(0);
    expect(duplicated).toBeGreaterThan(0);
    expect(reordered).toBeGreaterThan(0);
    expect(delivered).toBe(200 - lost + duplicated);
    expect(heard.get('b')).toHaveLength(delivered);
  });

  it('loses what crosses a partition, breaks the session, and makes a new one', () => {
    const { queue, network, heard } = world();
    const before = network.sessionOf('a', 'b')!;
    network.partition(['a'], ['b', 'c'], 5_000);
    network.send('a', 'b', { number: 1 });
    queue.runUntil(queue.nowMs + 2_000);
    expect(heard.get('b')).toEqual(['down a']);
    expect(network.send('a', 'b', { number: 2 })).toBe(false);
    expect(network.send('b', 'c', { number: 3 })).toBe(true);
    queue.runUntil(queue.nowMs + 5_000);
    expect(heard.get('b')).toEqual(['down a', 'up a']);
    expect(heard.get('c')).toContain('b:3');
    expect(network.sessionOf('a', 'b')).toBeGreaterThan(before);
  });

  it('can cut one direction only', () => {
    const { queue, network, heard } = world();
    network.partition(['a'], ['b'], 300, 'asymmetric');
    network.send('a', 'b', { number: 1 });
    network.send('b', 'a', { number: 2 });
    queue.runUntil(queue.nowMs + 200);
    expect(heard.get('b')).toEqual([]);
    expect(heard.get('a')).toEqual(['b:2']);
  });

  it('holds a partition for the minimum duration, and ends it when all is healed', () => {
    const { queue, network } = world({ minimumFaultMs: 1_000 });
    network.isolate('a', 1);
    queue.runUntil(queue.nowMs + 900);
    expect(network.isReachable('a', 'b')).toBe(false);
    network.healAll();
    expect(network.isReachable('a', 'b')).toBe(true);
  });

  it('tells until when a direction is cut, and when it is healed before that', () => {
    const { queue, network } = world();
    const told: unknown[] = [];
    network.onCut = (...cut) => told.push(cut);
    const { nowMs } = queue;
    network.block('a', 'b', 500);
    network.block('a', 'b', 100);
    network.block('b', 'c', 50);
    queue.runUntil(nowMs + 200);
    network.healAll();
    expect(told).toEqual([
      ['a', 'b', nowMs + 500],
      ['a', 'b', nowMs + 500],
      ['b', 'c', nowMs + 50],
      ['a', 'b', queue.nowMs],
    ]);
  });

  it('delays what is sent into a clog', () => {
    const { queue, network, heard } = world();
    network.clog('a', 'b', 1_000);
    network.send('a', 'b', { number: 1 });
    queue.runUntil(queue.nowMs + 900);
    expect(heard.get('b')).toEqual([]);
    queue.runUntil(queue.nowMs + 500);
    expect(heard.get('b')).toEqual(['a:1']);
  });

  it('loses messages to a crashed node, and what an old session sent', () => {
    const { queue, network, heard, start } = world();
    network.send('a', 'b', { number: 1 });
    network.crash('b');
    queue.runUntil(queue.nowMs + 100);
    start('b');
    queue.runUntil(queue.nowMs + 2_000);
    expect(heard.get('b')).toEqual(['up a', 'up c']);
    expect(heard.get('a')).toEqual(['down b', 'up b']);
    network.send('a', 'b', { number: 2 });
    network.breakSession('a', 'b');
    queue.runUntil(queue.nowMs + 2_000);
    expect(heard.get('b')).not.toContain('a:2');
    expect(network.counts.lostToOldSession).toBe(1);
    expect(network.counts.lostToCrash).toBe(1);
  });

  it('freezes what is sent', () => {
    const { network } = world();
    const message = { number: 1 };
    network.send('a', 'b', message);
    expect(Object.isFrozen(message)).toBe(true);
  });
});
