import { expect, it } from 'vitest';
import { joinContents } from './content-join.js';
import { inlineContent } from './inline-content.js';

const stored: string[] = [];
const store = (hash: string): Promise<null> => {
  stored.push(hash);
  return Promise.resolve(null);
};
const chunk = { hash: 'a'.repeat(64), size: 70_000 };
const large = { kind: 'chunked', size: 70_000, etag: 'b'.repeat(64), chunks: [chunk] } as const;
const small = inlineContent(Buffer.from('tail'));

it('small contents together are inline, and what they say is in order', async () => {
  const joined = await joinContents([small, inlineContent(Buffer.from('!'))], store);
  expect(joined).toEqual({ ok: true, content: inlineContent(Buffer.from('tail!')), digests: {} });
  expect(stored).toEqual([]);
});

it('chunks stay as they are and a small end becomes one', async () => {
  const joined = await joinContents([large, large, small], store);
  if (!joined.ok || joined.content.kind !== 'chunked') throw new Error('not joined');
  expect(joined.content.size).toBe(140_004);
  expect(joined.content.chunks.map(({ size }) => size)).toEqual([70_000, 70_000, 4]);
  expect(stored).toEqual([small.etag]);
  const other = await joinContents([large, small, large], store);
  expect(other.ok && other.content.etag).not.toBe(joined.content.etag);
});

it('one content alone is itself', async () => {
  expect(await joinContents([large], store)).toEqual({ ok: true, content: large, digests: {} });
});

it('a chunk that cannot be stored fails the whole, and so do too many', async () => {
  const refuse = (): Promise<string> => Promise.resolve('the disk is full');
  expect(await joinContents([large, small], refuse)).toMatchObject({ reason: 'storage_failed' });
  const huge = { ...large, chunks: Array.from({ length: 100_000 }, () => chunk) };
  expect(await joinContents([huge, huge], store)).toMatchObject({ reason: 'too_large' });
});
