import { expect, it } from 'vitest';
import { Seal } from './seal.js';

const seal = new Seal(new Uint8Array(32).fill(7));

it('a sealed secret opens with its own key and for its own use only', () => {
  const sealed = seal.close('hunter2', 'key/A');
  expect(sealed).not.toContain('hunter2');
  expect(seal.open(sealed, 'key/A')).toBe('hunter2');
  expect(seal.open(sealed, 'key/B')).toBeNull();
  expect(new Seal(new Uint8Array(32)).open(sealed, 'key/A')).toBeNull();
});

it('what was changed or never sealed does not open', () => {
  const sealed = seal.close('hunter2', 'x');
  const flipped = `${sealed.slice(0, 10)}${sealed[10] === 'A' ? 'B' : 'A'}${sealed.slice(11)}`;
  for (const other of [flipped, '', 'v1.', 'v2.abc', sealed.slice(0, 20)]) {
    expect(seal.open(other, 'x')).toBeNull();
  }
});

it('the same secret is never sealed the same way twice', () => {
  expect(seal.close('a', 'x')).not.toBe(seal.close('a', 'x'));
});
