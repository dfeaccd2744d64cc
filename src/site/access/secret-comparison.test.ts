import * as crypto from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { adminKeyHash, isAdminKey, newAdminKey } from './admin-key.js';
import { isSameSecret } from './secret-comparison.js';

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof crypto>();
  return { ...real, timingSafeEqual: vi.fn(real.timingSafeEqual) };
});

afterEach(() => vi.clearAllMocks());

it('secrets are compared by the function that takes the same time wherever they differ', () => {
  expect(isSameSecret('right', 'right')).toBe(true);
  expect(isSameSecret('wrong', 'right')).toBe(false);
  // Of another length too: what is compared has the same length always.
  expect(isSameSecret('', 'right')).toBe(false);
  expect(isSameSecret('right and more', 'right')).toBe(false);
  expect(crypto.timingSafeEqual).toHaveBeenCalledTimes(4);
});

it("so is the administrator's key, of which only the hash is known", () => {
  const key = newAdminKey();
  const hash = adminKeyHash(key);
  expect(hash).not.toContain(key.slice('admin.'.length));
  expect(isAdminKey(key, hash)).toBe(true);
  expect(isAdminKey(newAdminKey(), hash)).toBe(false);
  expect(isAdminKey(hash, hash)).toBe(false);
  expect(crypto.timingSafeEqual).toHaveBeenCalledTimes(3);
  // What is no hash is nobody's, and no error.
  for (const none of ['', 'sha256:', 'sha256:00', hash.slice('sha256:'.length)]) {
    expect(isAdminKey(key, none)).toBe(false);
  }
});
