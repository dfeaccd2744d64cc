import { describe, expect, test } from 'vitest';
import { CallTable } from './call-table.js';
import { FRAME_TYPES } from './frame.js';
import type { CallHandler } from './peer-network.js';

/** What became of the memory of one request, by the time its answer had been sent. */
async function freedAfter(handler: CallHandler): Promise<boolean> {
  let freed = false;
  const limits = { inFlight: 4, waiting: 4, queuedBytes: 1000 };
  await new Promise<void>((answered) => {
    const table = new CallTable('b', limits, new Map([['take', handler]]), {
      send: () => {
        expect(freed).toBe(false);
        setImmediate(answered);
        return 'sent';
      },
      queuedBytes: () => 0,
    });
    const payload = { bytes: new Uint8Array(10) };
    const wrong = table.receive(FRAME_TYPES.request, [1, 'take', payload], () => {
      freed = true;
    });
    expect(wrong).toBe(null);
  });
  return freed;
}

describe('the memory of a request', () => {
  test('is free once its handler has answered with a plain word', async () => {
    expect(await freedAfter(() => Promise.resolve(true))).toBe(true);
    expect(await freedAfter(() => Promise.resolve('done'))).toBe(true);
  });

  test('is kept where the answer may hold byte arrays of it', async () => {
    expect(await freedAfter((_from, payload) => Promise.resolve(payload))).toBe(false);
    expect(await freedAfter((_from, payload) => Promise.resolve([payload]))).toBe(false);
  });

  test('is kept when its handler failed, which may not have ended all that reads it', async () => {
    expect(await freedAfter(() => Promise.reject(new Error('no luck')))).toBe(false);
  });
});
