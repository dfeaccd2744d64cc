import { describe, expect, it } from 'vitest';
import { NOTICE_MS, NodeClock, TRUE_CLOCK } from './clock.js';
import { EventQueue } from './event-queue.js';
import { Random } from './random.js';

describe('virtual time', () => {
  it('runs events in the order of time, and of asking within a moment', () => {
    const queue = new EventQueue();
    const random = new Random(1);
    const ran: [number, number][] = [];
    for (let index = 0; index < 2_000; index += 1) {
      const atMs = random.int(50);
      queue.at(atMs, () => ran.push([atMs, index]));
    }
    queue.runUntil(100);
    const sorted = [...ran].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    expect(ran).toEqual(sorted);
    expect(queue.nowMs).toBe(100);
  });

  it('does not run what was cancelled, nor what lies beyond the end', () => {
    const queue = new EventQueue();
    const ran: string[] = [];
    queue.after(1, () => ran.push('cancelled')).cancel();
    queue.after(2, () => ran.push('due'));
    queue.after(3, () => ran.push('later'));
    queue.runUntil(2);
    expect(ran).toEqual(['due']);
    expect(queue.runUntilDone(() => ran.length === 2, 10)).toBe(true);
    expect(queue.runUntilDone(() => ran.length === 3, 10)).toBe(false);
  });
});

describe('the clocks of a node', () => {
  it('run at their own rate, and so do its timers', () => {
    const queue = new EventQueue();
    const clock = new NodeClock(queue, { rate: 2, monotonicOffsetMs: 5, wallOffsetMs: 1_000 });
    let firedMs = 0;
    clock.after(10, () => (firedMs = queue.nowMs));
    queue.runUntil(100);
    expect(firedMs).toBe(5);
    expect(clock.monotonicMs()).toBe(205);
    expect(clock.wallMs()).toBe(1_200);
    clock.jumpWall(-500);
    expect(clock.wallMs()).toBe(700);
    expect(clock.monotonicMs()).toBe(205);
  });

  it('hold back everything while the process is paused', () => {
    const queue = new EventQueue();
    const clock = new NodeClock(queue, TRUE_CLOCK);
    const ran: string[] = [];
    clock.after(10, () => ran.push('timer'));
    clock.deliverAfter(5, () => ran.push('message'));
    clock.pause();
    queue.runUntil(50);
    expect(ran).toEqual([]);
    expect(clock.monotonicMs()).toBe(50);
    clock.resume();
    queue.runUntil(50);
    expect(ran).toEqual(['message', 'timer']);
  });

  it('let only the wall clock go on while the machine sleeps', () => {
    const queue = new EventQueue();
    const clock = new NodeClock(queue, TRUE_CLOCK);
    let firedMs = 0;
    clock.after(30, () => (firedMs = queue.nowMs));
    queue.runUntil(10);
    clock.suspend();
    queue.runUntil(110);
    expect(clock.monotonicMs()).toBe(10);
    expect(clock.wallMs()).toBe(110);
    clock.resume();
    queue.runUntil(200);
    expect(firedMs).toBe(130);
  });

  it('are not set back around a sleep, where the process could not tell that it slept', () => {
    const queue = new EventQueue();
    const clock = new NodeClock(queue, TRUE_CLOCK);
    expect(clock.jumpWall(-500)).toBe(true);
    expect(clock.suspend()).toBe(false);
    queue.runUntil(NOTICE_MS);
    expect(clock.suspend()).toBe(true);
    expect(clock.jumpWall(-500)).toBe(false);
    expect(clock.jumpWall(500)).toBe(true);
    queue.runUntil(NOTICE_MS + 100);
    clock.resume();
    expect(clock.jumpWall(-500)).toBe(false);
    expect(clock.wallMs()).toBe(NOTICE_MS + 100);
    queue.runUntil(2 * NOTICE_MS + 100);
    expect(clock.jumpWall(-500)).toBe(true);
  });

  it('forget timers and what was held when the process crashes', () => {
    const queue = new EventQueue();
    const clock = new NodeClock(queue, TRUE_CLOCK);
    const ran: string[] = [];
    clock.after(10, () => ran.push('old timer'));
    clock.pause();
    clock.deliver(() => ran.push('held'));
    clock.crash();
    clock.deliver(() => ran.push('to the dead'));
    clock.start();
    clock.after(20, () => ran.push('new timer'));
    queue.runUntil(100);
    expect(ran).toEqual(['new timer']);
  });
});
