import fc from 'fast-check';
import { expect, it } from 'vitest';
import { diffLines, foldDiff } from './line-diff.ts';

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 })
  .map((lines) => lines.join('\n'));

it('takes out and puts in what makes one text of the other', () => {
  fc.assert(
    fc.property(text, text, (before, after) => {
      const lines = diffLines(before, after);
      const left = lines.filter(({ kind }) => kind !== 'added').map((line) => line.text);
      const right = lines.filter(({ kind }) => kind !== 'removed').map((line) => line.text);
      expect(left.join('\n')).toBe(before);
      expect(right.join('\n')).toBe(after);
    }),
  );
});

it('changes no more lines than need be', () => {
  const kinds = diffLines('a\nb\nc\nd', 'a\nx\nc\nd\ne').map(({ kind }) => kind);
  expect(kinds).toEqual(['same', 'removed', 'added', 'same', 'same', 'added']);
});

it('numbers the lines as each text has them', () => {
  const added = diffLines('a\nc', 'a\nb\nc')[1];
  expect(added).toEqual({ kind: 'added', text: 'b', before: null, after: 2 });
});

it('leaves out what is far from any difference', () => {
  const before = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const after = before.with(15, 'changed');
  const parts = foldDiff(diffLines(before.join('\n'), after.join('\n')));
  expect(parts.map((part) => (part.kind === 'lines' ? part.lines.length : -part.count))).toEqual([
    -12, 8, -11,
  ]);
});

it('says that two texts of thousands of different lines are different, and soon', () => {
  const lines = (word: string): string =>
    Array.from({ length: 5000 }, (_, index) => `${word} ${index}`).join('\n');
  const kinds = diffLines(lines('old'), lines('new'));
  expect(kinds.filter(({ kind }) => kind === 'removed')).toHaveLength(5000);
});
