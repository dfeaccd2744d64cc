import { describe, expect, it } from 'vitest';
import { contentHash } from '../content-hash.js';
import { GuardedChunkStore } from './guarded-chunk-store.js';
import { HashMarks } from './hash-marks.js';
import { MemoryChunkStore } from './memory-chunk-store.js';

const GRACE_MS = 1000;
const bytes = new TextEncoder().encode('a chunk');
const hash = contentHash(bytes);
const ref = { hash, size: bytes.length };

/** Lets the test decide when a removal goes on. */
class SlowStore extends MemoryChunkStore {
  goOn: () => void = () => undefined;

  override async remove(hash: string): ReturnType<MemoryChunkStore['remove']> {
    await new Promise<void>((go) => {
      this.goOn = go;
    });
    return super.remove(hash);
  }
}

async function start(inner = new MemoryChunkStore()) {
  let nowMs = 0;
  const store = new GuardedChunkStore(inner, GRACE_MS, () => nowMs);
  await store.write(hash, bytes);
  return {
    store,
    pass: (milliseconds: number) => {
      nowMs += milliseconds;
    },
  };
}

describe('a chunk store that is collected from', () => {
  it('keeps what was written or said to be here within the grace, and only that', async () => {
    const { store, pass } = await start();
    expect(await store.collect(hash)).toEqual({ outcome: 'kept' });
    pass(GRACE_MS);
    expect(await store.collect(hash)).toEqual({ outcome: 'kept' });
    for (const use of [
      () => store.has(hash),
      () => store.missing([ref]),
      () => store.write(hash, bytes),
    ]) {
      pass(2 * GRACE_MS);
      await use();
      pass(GRACE_MS - 1);
      expect(await store.collect(hash)).toEqual({ outcome: 'kept' });
    }
    pass(2 * GRACE_MS);
    expect(await store.collect(hash)).toEqual({ outcome: 'removed', bytes: bytes.length });
    expect(await store.has(hash)).toBe(false);
  });

  it('answers after a removal that has begun, so that nobody is told of what then goes', async () => {
    const inner = new SlowStore();
    const { store, pass } = await start(inner);
    pass(3 * GRACE_MS);
    const collected = store.collect(hash);
    const answers = Promise.all([store.has(hash), store.missing([ref])]);
    const again = store.collect(hash);
    await Promise.resolve();
    inner.goOn();
    expect(await collected).toMatchObject({ outcome: 'removed' });
    expect(await again).toMatchObject({ outcome: 'removed' });
    expect(await answers).toEqual([false, [ref]]);
  });

  it('writes a chunk again that was being removed', async () => {
    const inner = new SlowStore();
    const { store, pass } = await start(inner);
    pass(3 * GRACE_MS);
    const collected = store.collect(hash);
    const written = store.write(hash, bytes);
    await Promise.resolve();
    inner.goOn();
    expect(await collected).toMatchObject({ outcome: 'removed' });
    expect(await written).toEqual({ ok: true });
    expect(await store.read(hash)).toMatchObject({ ok: true });
  });

  it('says of nothing that it is removed when the disk refuses', async () => {
    const inner = new MemoryChunkStore();
    const { store, pass } = await start(inner);
    inner.remove = () =>
      Promise.resolve({ ok: false, failure: { kind: 'io_error', message: 'no' } });
    pass(3 * GRACE_MS);
    expect(await store.collect(hash)).toEqual({ outcome: 'kept' });
  });
});

it('marks a hundred thousand hashes and no others', () => {
  const marks = new HashMarks();
  const nameOf = (key: number): string => contentHash(Uint8Array.of(key, key >> 8, key >> 16));
  const names = Array.from({ length: 100_000 }, (_, key) => nameOf(key));
  for (const name of [...names, ...names]) marks.add(name);
  expect(marks.count).toBe(names.length);
  expect(names.every((name) => marks.has(name))).toBe(true);
  expect(marks.has(nameOf(100_001))).toBe(false);
  marks.add('0'.repeat(64));
  expect(marks.has('0'.repeat(64))).toBe(true);
  marks.clear();
  expect(marks.has('0'.repeat(64))).toBe(false);
});
