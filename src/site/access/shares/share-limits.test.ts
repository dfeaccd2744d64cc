import { describe, expect, it } from 'vitest';
import { Seal } from '../../seal.js';
import { TestCluster } from '../../test-cluster.js';
import { ADMINISTRATOR } from '../caller.js';
import {
  ATTEMPTS_LIMIT,
  ATTEMPTS_WINDOW_MS,
  PasswordAttempts,
  WAITING_LIMIT,
} from './password-attempts.js';
import { SHARE_LIFE_LIMIT_MS, ShareLinks } from './share-links.js';
import { OPENED_LIFE_MS, ShareTokens } from './share-token.js';

const seal = (byte: number): Seal => new Seal(new Uint8Array(32).fill(byte));
const right = () => Promise.resolve(true);
const wrong = () => Promise.resolve(false);

describe('attempts at a password', () => {
  it('are few for each link, until some time has passed; right ones do not count', async () => {
    let nowMs = 0;
    const attempts = new PasswordAttempts(() => nowMs);
    for (let count = 0; count < 3 * ATTEMPTS_LIMIT; count += 1) {
      expect(await attempts.try('a', right)).toBe('right');
    }
    for (let count = 0; count < ATTEMPTS_LIMIT; count += 1) {
      expect(await attempts.try('a', wrong)).toBe('wrong');
    }
    expect(await attempts.try('a', right)).toBe('too_many');
    expect(await attempts.try('b', right)).toBe('right');
    nowMs = ATTEMPTS_WINDOW_MS;
    expect(await attempts.try('a', right)).toBe('right');
  });

  it('are looked at one after the other, and only so many wait', async () => {
    const attempts = new PasswordAttempts(() => 0);
    let together = 0;
    let most = 0;
    const slow = async (): Promise<boolean> => {
      most = Math.max(most, (together += 1));
      await new Promise((resolve) => setImmediate(resolve));
      together -= 1;
      return true;
    };
    const tried = Array.from({ length: WAITING_LIMIT + 1 }, (_, link) =>
      attempts.try(String(link), slow),
    );
    const outcomes = await Promise.all(tried);
    expect(outcomes.filter((outcome) => outcome === 'right')).toHaveLength(WAITING_LIMIT);
    expect(outcomes.at(-1)).toBe('overloaded');
    expect(most).toBe(1);
  });
});

describe('what links are made of', () => {
  const id = 'ABCDEFGHIJKLMNOP';

  it('is known by the same seal alone, unchanged, and until its end', () => {
    let nowMs = 1000;
    const tokens = new ShareTokens(seal(1), () => nowMs);
    const token = tokens.make(id, 2000);
    expect(new ShareTokens(seal(1), () => nowMs).idOf(token)).toBe(id);
    expect(new ShareTokens(seal(2), () => nowMs).idOf(token)).toBeNull();
    const later = token.replace((2000).toString(36), (9000).toString(36));
    expect(later).not.toBe(token);
    for (const other of [later, token.slice(1), `${token}A`, '', '..']) {
      expect(tokens.idOf(other)).toBeNull();
    }
    nowMs = 2000;
    expect(tokens.idOf(token)).toBeNull();
  });

  it('remembers a password for its link and itself only, for a time', () => {
    let nowMs = 0;
    const tokens = new ShareTokens(seal(1), () => nowMs);
    const opened = tokens.makeOpened(id, 'hash');
    expect(tokens.isOpened(opened, id, 'hash')).toBe(true);
    expect(tokens.isOpened(opened, id, 'other')).toBe(false);
    expect(tokens.isOpened(opened, id.toLowerCase(), 'hash')).toBe(false);
    nowMs = OPENED_LIFE_MS;
    expect(tokens.isOpened(opened, id, 'hash')).toBe(false);
  });
});

it('links of the administrator end with his key, and no link lives longer than it may', async () => {
  const cluster = await new TestCluster().ready();
  const { records, keys } = cluster.at('nyc');
  let nowMs = 0;
  const linksOf = (hash: string) => new ShareLinks(seal(1), records, keys, hash, () => nowMs);
  const wish = { name: 'docs/a', version: null, lifeMs: 2 * SHARE_LIFE_LIMIT_MS, note: '' };
  const made = await linksOf('one').create(ADMINISTRATOR, wish, null);
  if (!made.ok) throw new Error(made.message);
  const token = linksOf('one').tokenOf(made.share);
  expect(made.share.endMs).toBe(SHARE_LIFE_LIMIT_MS);
  expect(await linksOf('one').find(token)).toMatchObject({ share: { name: 'docs/a' } });
  expect(await linksOf('two').find(token)).toEqual({ ok: true, share: null });
  nowMs = SHARE_LIFE_LIMIT_MS;
  // Whoever lists links has the records of those that are over removed.
  expect(await linksOf('one').list(ADMINISTRATOR)).toMatchObject({ shares: [] });
  expect(await records.list({ prefix: 'shares/' })).toMatchObject({ files: [] });
  cluster.stop();
});
