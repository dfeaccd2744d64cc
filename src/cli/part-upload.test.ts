import { afterAll, beforeAll, expect, it } from 'vitest';
import { listenOnLoopback } from '../gateways/native-http/raw-exchange.js';
import type { ListeningHttp } from '../gateways/http-listener.js';
import { TestCluster } from '../site/test-cluster.js';
import { HttpClient } from '../client/http-client.js';

const PART_BYTES = 5 * 1024 * 1024;
let cluster: TestCluster;
let server: ListeningHttp;
let client: HttpClient;

beforeAll(async () => {
  cluster = await new TestCluster({ isPatient: true }).ready();
  const site = cluster.at('nyc');
  await site.createBucket('docs');
  server = await listenOnLoopback(site, site);
  client = new HttpClient({ sites: [{ site: 'nyc', url: server.url }] });
});
afterAll(async () => {
  await server.close();
  cluster.stop();
});

/** Bytes that can be read up to a point, as from a connection that is cut there. */
function source(bytes: Buffer, endsAt = bytes.length, reads: number[] = []) {
  return {
    size: bytes.length,
    read: async function* (start: number, end: number) {
      reads.push(start / PART_BYTES);
      if (end > endsAt) throw new Error('cut');
      yield await Promise.resolve(bytes.subarray(start, end));
    },
  };
}

it('goes on after a cut, and sends nothing again that is there', async () => {
  const bytes = Buffer.alloc(2 * PART_BYTES + 7, 'quorate');
  let upload = '';
  const onUpload = (begun: string): Promise<void> => {
    upload = begun;
    return Promise.resolve();
  };
  const partBytes = PART_BYTES;
  const cut = source(bytes, PART_BYTES);
  const first = await client.putInParts('docs/large', cut, { partBytes, onUpload });
  expect(first).toMatchObject({ outcome: 'rejected', code: 'body_failed' });
  expect((await client.get('docs/large')).ok).toBe(false);
  const begun = upload;
  let counted = 0;
  const onBytes = (count: number): void => void (counted += count);
  const settings = { partBytes, onUpload, onBytes, upload };
  const reads: number[] = [];
  const whole = source(bytes, bytes.length, reads);
  const done = await client.putInParts('docs/large', whole, settings);
  expect(done).toMatchObject({ outcome: 'committed', file: { size: bytes.length, version: 1 } });
  expect(upload).toBe(begun);
  expect(counted).toBe(bytes.length);
  // The first only to be compared.
  expect(reads.toSorted()).toEqual([0, 1, 2]);
  const read = await client.get('docs/large');
  if (!read.ok) throw new Error(read.message);
  const pieces: Uint8Array[] = [];
  for await (const piece of read.value.body) pieces.push(piece);
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
});

it('sends a part again whose bytes are others by now', async () => {
  const ids: string[] = [];
  const settings = {
    partBytes: PART_BYTES,
    onUpload: (begun: string) => {
      ids.push(begun);
      return Promise.resolve();
    },
  };
  const old = Buffer.alloc(PART_BYTES + 1, 'a');
  await client.putInParts('docs/changed', source(old, PART_BYTES), settings);
  const bytes = Buffer.alloc(PART_BYTES + 1, 'b');
  const upload = ids[0] ?? '';
  const done = await client.putInParts('docs/changed', source(bytes), { ...settings, upload });
  expect(done).toMatchObject({ outcome: 'committed' });
  const read = await client.get('docs/changed');
  if (!read.ok) throw new Error(read.message);
  for await (const piece of read.value.body) expect(piece.every((byte) => byte === 98)).toBe(true);
});

it('finds the version that an upload has become, and begins anew what is over without', async () => {
  const ids: string[] = [];
  const settings = {
    partBytes: PART_BYTES,
    onUpload: (begun: string) => Promise.resolve(void ids.push(begun)),
  };
  const bytes = Buffer.alloc(PART_BYTES + 1, 'c');
  const put = (upload: string) =>
    client.putInParts('docs/again', source(bytes), { ...settings, upload });
  const never = '0'.repeat(32);
  expect(await put(never)).toMatchObject({ outcome: 'committed', file: { version: 1 } });
  expect(ids).toHaveLength(1);
  expect(ids).not.toContain(never);
  // As after an answer that was lost.
  expect(await put(ids[0] ?? '')).toMatchObject({ outcome: 'committed', file: { version: 1 } });
  expect(ids).toHaveLength(1);
});
