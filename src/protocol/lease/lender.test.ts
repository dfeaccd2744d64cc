import { describe, expect, it } from 'vitest';
import {
  blockedUntilMs,
  createLender,
  forfeit,
  type Holder,
  holderOf,
  holdersOfFile,
  lend,
  type Lender,
  owesSinceMs,
  passLapsed,
  revoke,
  takeBack,
} from './lender.js';

function lenderWith(...ids: string[]): { lender: Lender; holders: Holder[] } {
  const lender = createLender();
  const holders = ids.map((id) => Object.assign(holderOf(lender, id, `${id}.1.1`), { endMs: 100 }));
  return { lender, holders };
}

describe('a lender', () => {
  it('is held up by holders whose short lease runs, and by nobody else', () => {
    const { lender, holders } = lenderWith('tor', 'lon');
    const [tor, lon] = holders as [Holder, Holder];
    lend(lender, tor, 'f', 5);
    lend(lender, lon, 'g', 5);
    tor.endMs = 80;
    expect(blockedUntilMs(lender, 'f', 0)).toBe(80);
    expect(blockedUntilMs(lender, 'f', 80)).toBe(0);
    expect(blockedUntilMs(lender, 'h', 0)).toBe(0);
    expect(blockedUntilMs(lender, null, 0)).toBe(80);
    expect(blockedUntilMs(lender, null, 80)).toBe(100);
    expect(blockedUntilMs(lender, null, 100)).toBe(0);
  });

  it('takes a file back only if it was lent before', () => {
    const { lender, holders } = lenderWith('tor');
    const [tor] = holders as [Holder];
    lend(lender, tor, 'f', 5);
    takeBack(lender, tor, 'f', 5);
    expect(tor.files.has('f')).toBe(true);
    takeBack(lender, tor, 'f', 6);
    expect(tor.files.has('f')).toBe(false);
    expect(lender.lists.size).toBe(0);
  });

  it('lists a file for nobody, one, two and one again', () => {
    const { lender, holders } = lenderWith('tor', 'lon');
    const [tor, lon] = holders as [Holder, Holder];
    const listed = (): string[] => [...holdersOfFile(lender, 'f')].map(({ id }) => id);
    expect(listed()).toEqual([]);
    lend(lender, tor, 'f', 5);
    lend(lender, tor, 'f', 5);
    expect(listed()).toEqual(['tor']);
    lend(lender, lon, 'f', 5);
    expect(listed()).toEqual(['tor', 'lon']);
    takeBack(lender, tor, 'f', 6);
    expect(listed()).toEqual(['lon']);
    takeBack(lender, lon, 'f', 6);
    expect(listed()).toEqual([]);
    expect(lender.lists.size).toBe(0);
  });

  it('asks each holder once, and again only after it was lent anew', () => {
    const { lender, holders } = lenderWith('tor', 'lon');
    const [tor, lon] = holders as [Holder, Holder];
    lend(lender, tor, 'f', 5);
    lend(lender, lon, 'f', 5);
    expect(revoke(lender, 'f', 6, 10)).toEqual([tor, lon]);
    expect(revoke(lender, 'f', 7, 20)).toEqual([]);
    expect(owesSinceMs(tor)).toBe(10);
    takeBack(lender, tor, 'f', 6);
    expect(owesSinceMs(tor)).toBe(Infinity);
    lend(lender, tor, 'f', 7);
    expect(revoke(lender, 'f', 8, 30)).toEqual([tor]);
  });

  it('voids everything that a holder has when a write passes without its word', () => {
    const { lender, holders } = lenderWith('tor', 'lon');
    const [tor, lon] = holders as [Holder, Holder];
    lend(lender, tor, 'f', 5);
    lend(lender, tor, 'g', 5);
    lend(lender, lon, 'f', 5);
    lon.endMs = 200;
    expect(passLapsed(lender, 'f', 150)).toBe(1);
    expect([tor.generation, tor.files.size]).toEqual([2, 0]);
    expect([lon.generation, lon.files.size]).toEqual([1, 1]);
  });

  it('reaches every file of the shard where names move', () => {
    const { lender, holders } = lenderWith('tor');
    const [tor] = holders as [Holder];
    lend(lender, tor, 'f', 5);
    lend(lender, tor, 'g', 9);
    expect(revoke(lender, null, 10, 0)).toEqual([tor]);
    takeBack(lender, tor, null, 9);
    expect([...tor.files.keys()]).toEqual(['g']);
    forfeit(lender, tor);
    expect(lender.lists.size).toBe(0);
  });
});
