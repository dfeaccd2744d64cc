import { describe, expect, it } from 'vitest';
import { CLEAR } from '../../transport/fault-proxy/condition.js';
import { around, between, worsened } from './links.js';

describe('a trouble between two ends', () => {
  it('touches the way in its own direction, whoever of the two dials', () => {
    const touches = between(['nyc', 'lon'], 'there');
    expect(touches({ from: 'nyc', to: 'lon' })).toBe('there');
    expect(touches({ from: 'lon', to: 'nyc' })).toBe('back');
    expect(touches({ from: 'nyc', to: 'tor' })).toBeNull();
    expect(between(['nyc', 'lon'], 'both')({ from: 'lon', to: 'nyc' })).toBe('both');
  });

  it('around a site touches all its ways to others and no other way', () => {
    const touches = around('nyc', ['nyc', 'tor', 'lon'], 'back');
    expect(touches({ from: 'nyc', to: 'tor' })).toBe('back');
    expect(touches({ from: 'lon', to: 'nyc' })).toBe('there');
    expect(touches({ from: 'lon', to: 'tor' })).toBeNull();
    expect(touches({ from: 'clients', to: 'nyc' })).toBeNull();
  });
});

describe('several troubles of one way', () => {
  const touches = (): 'both' => 'both';

  it('add their delays, take the lower rate and the graver cut', () => {
    const slow = worsened({ ...CLEAR, delayMs: 6 }, { touches, addedMs: 100 });
    expect(slow).toMatchObject({ delayMs: 106, jitterMs: 25, cut: 'open' });
    const narrow = worsened({ ...slow, bytesPerSecond: 500 }, { touches, bytesPerSecond: 900 });
    expect(narrow.bytesPerSecond).toBe(500);
    const cut = worsened(worsened(narrow, { touches, cut: 'swallowed' }), { touches, cut: 'held' });
    expect(cut).toMatchObject({ delayMs: 106, bytesPerSecond: 500, cut: 'swallowed' });
  });

  it('stall where one of them does', () => {
    const lossy = worsened(CLEAR, { touches, stallChance: 0.1 });
    expect(worsened(lossy, { touches, addedMs: 1 })).toMatchObject({
      stallChance: 0.1,
      stallMs: 250,
    });
  });
});
