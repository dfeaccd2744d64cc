import { mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { QuorateClient } from './client.js';
import { connectOn } from './connect.js';
import { fileSource } from './file-source.js';
import { nodePlatform } from './node-platform.js';
import type { UploadOptions } from './options.js';
import type { UploadResult } from './results.js';
import { committed, TestSites } from './test-kit.js';
import { formatToken } from './upload-token.js';

const PART = 5 * 1024 * 1024;
const IN_PARTS = { partBytes: PART } as const;

let sites: TestSites;
let client: QuorateClient;
let folder: string;
/** What was sent of content, and completions: `PUT whole`, `PUT 1`, `POST`. */
let asked: string[] = [];

type Gate = (what: string, go: () => Promise<Response>) => Promise<Response>;

const fetched = globalThis.fetch;
let gate: Gate = (_, go) => go();

beforeAll(async () => {
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const { searchParams, origin, pathname } = new URL(url);
    const go = () => fetched(url, init);
    const isContent = init.method === 'PUT' && pathname.startsWith('/v1/files/');
    if (!isContent && !searchParams.has('size')) return go();
    const what = isContent ? `PUT ${searchParams.get('part') ?? 'whole'}` : 'POST';
    asked.push(what);
    return gate(`${what} ${nameOf(origin)}`, go);
  });
  folder = await mkdtemp(join(tmpdir(), 'quorate-sdk-upload-'));
  sites = await TestSites.start({ isPatient: true });
  client = await sites.connect('nyc');
});

afterEach(() => {
  asked = [];
  gate = (_, go) => go();
});

afterAll(async () => {
  vi.unstubAllGlobals();
  await sites.stop();
  await rm(folder, { recursive: true, force: true });
});

function nameOf(origin: string): string {
  return sites.endpoints.find(({ url }) => url === origin)?.site ?? '';
}

/** Every part another, and the last one short. */
function content(parts: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(parts * PART + 1000);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = seed + (index >> 10) * 7;
  }
  return bytes;
}

async function holds(name: string, bytes: Uint8Array): Promise<boolean> {
  const read = await client.read(name);
  return read.outcome === 'found' && Buffer.compare(read.file.bytes, bytes) === 0;
}

function resumeOf(result: UploadResult): string {
  if (result.resume === null) throw new Error(JSON.stringify(result));
  return result.resume;
}

/** An upload that is stopped when its second part is asked for. */
async function cut(
  name: string,
  bytes: Uint8Array,
  options: UploadOptions = {},
): Promise<UploadResult> {
  const stop = new AbortController();
  gate = (what, go) => {
    if (what.startsWith('PUT 2')) stop.abort();
    return go();
  };
  const { signal } = stop;
  const settings = { ...IN_PARTS, partsAtOnce: 1, signal, ...options };
  const result = await client.upload(name, bytes, settings);
  gate = (_, go) => go();
  expect(asked).toEqual(['PUT 1', 'PUT 2']);
  asked = [];
  return result;
}

describe('an upload', () => {
  it('of a small source is one plain write', async () => {
    const told: number[] = [];
    const source = new Blob(['small']);
    const options = { contentType: 'text/plain', metadata: { author: 'me' } };
    const onProgress = ({ sentBytes }: { sentBytes: number }): void => void told.push(sentBytes);
    const done = await client.upload('docs/small', source, { ...options, onProgress });
    expect(done).toMatchObject({ outcome: 'committed', version: 1, resume: null });
    expect(await client.stat('docs/small')).toMatchObject({ file: { size: 5, ...options } });
    // That small it goes over the session.
    expect([told, asked]).toEqual([[5], []]);
    // Up to the size of a part.
    const most = new Uint8Array(PART).fill(1);
    expect(committed(await client.upload('docs/part', most, IN_PARTS))).toBe(1);
    expect(await holds('docs/part', most)).toBe(true);
    expect(asked).toEqual(['PUT whole']);
  });

  it('of a larger one goes in parts, several at the same time and no more, with all that is said of it', async () => {
    const bytes = content(4);
    let open = 0;
    let most = 0;
    gate = async (_, go) => {
      open += 1;
      most = Math.max(most, open);
      // Nobody goes on before as many as may are there; the last ones find nobody to wait for.
      if (asked.length < 2) await vi.waitUntil(() => open === 2, 10_000);
      const answer = await go();
      open -= 1;
      return answer;
    };
    const told: number[] = [];
    const options = { contentType: 'image/x', metadata: { author: 'me' } };
    const done = await client.upload('docs/large', new Blob([bytes]), {
      ...IN_PARTS,
      ...options,
      partsAtOnce: 2,
      onProgress: ({ sentBytes, totalBytes }) => {
        expect(totalBytes).toBe(bytes.length);
        told.push(sentBytes);
      },
    });
    expect(done).toMatchObject({ outcome: 'committed', name: 'docs/large', version: 1 });
    expect(asked.toSorted()).toEqual(['POST', 'PUT 1', 'PUT 2', 'PUT 3', 'PUT 4', 'PUT 5']);
    expect(most).toBe(2);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told).toHaveLength(5);
    expect(told.at(-1)).toBe(bytes.length);
    expect(await client.stat('docs/large')).toMatchObject({ file: options });
    expect(await holds('docs/large', bytes)).toBe(true);
  });

  it('reads a local file by its path, and one that is open', async () => {
    const path = join(folder, 'disk.img');
    const bytes = content(1);
    await writeFile(path, bytes);
    committed(await client.upload('docs/by-path', await fileSource(path), IN_PARTS));
    const handle = await open(path);
    committed(await client.upload('docs/by-handle', await fileSource(handle), IN_PARTS));
    await handle.close();
    expect(await holds('docs/by-path', bytes)).toBe(true);
    expect(await holds('docs/by-handle', bytes)).toBe(true);
    await expect(fileSource(folder)).rejects.toThrow(TypeError);
    await expect(fileSource(join(folder, 'none'))).rejects.toThrow('ENOENT');
  });

  it('tries a part again that a site cannot take just now', async () => {
    let refusals = 2;
    gate = (what, go) => {
      if (!what.startsWith('PUT 1') || refusals === 0) return go();
      refusals -= 1;
      const problem = { code: 'no_primary', title: '', detail: '', outcome: 'rejected' };
      return Promise.resolve(Response.json(problem, { status: 503 }));
    };
    committed(await client.upload('docs/patient', content(1), IN_PARTS));
    expect(asked.filter((what) => what === 'PUT 1')).toHaveLength(3);
  });

  it('goes on at the next site when its own is lost midway', async () => {
    const lonely = await sites.connect('lon');
    const at: string[] = [];
    gate = async (what, go) => {
      at.push(what);
      if (what === 'PUT 2 lon') await sites.shut('lon');
      return go();
    };
    const bytes = content(3);
    try {
      const done = await lonely.upload('docs/moved', bytes, { ...IN_PARTS, partsAtOnce: 1 });
      expect(done).toMatchObject({ outcome: 'committed', version: 1 });
    } finally {
      await sites.open('lon');
      lonely.close();
    }
    expect(at.slice(0, 2)).toEqual(['PUT 1 lon', 'PUT 2 lon']);
    expect(at.filter((what) => /^PUT 4 (nyc|tor)$/.test(what))).toHaveLength(1);
    expect(at.filter((what) => what.startsWith('PUT 1'))).toHaveLength(1);
    expect(await holds('docs/moved', bytes)).toBe(true);
  });
});

describe('an upload that is stopped', () => {
  it('changes nothing, and goes on with what is not there yet', async () => {
    const bytes = content(2);
    let kept = '';
    const onResumable = (resume: string): void => {
      expect(asked).toEqual([]);
      kept = resume;
    };
    const stopped = await cut('docs/stopped', bytes, { onResumable });
    expect(stopped).toMatchObject({ outcome: 'stopped', resume: kept });
    expect(await client.stat('docs/stopped')).toMatchObject({ outcome: 'absent', version: null });
    const told: number[] = [];
    const done = await client.upload('docs/stopped', bytes, {
      resume: kept,
      onProgress: ({ sentBytes }) => told.push(sentBytes),
    });
    expect(done).toMatchObject({ outcome: 'committed', version: 1 });
    // By the size of part that it was begun with.
    expect(asked.toSorted()).toEqual(['POST', 'PUT 2', 'PUT 3']);
    expect(told.at(-1)).toBe(bytes.length);
    expect(await holds('docs/stopped', bytes)).toBe(true);
  });

  it('before it began has sent nothing', async () => {
    const options = { signal: AbortSignal.abort() };
    expect(await client.upload('docs/never', content(1), options)).toMatchObject({
      outcome: 'stopped',
      resume: null,
    });
    expect(await client.stat('docs/never')).toMatchObject({ outcome: 'absent' });
  });

  it('as a plain write that is under way is unknown, and its repeat takes effect once', async () => {
    const stop = new AbortController();
    gate = (_, go) => {
      stop.abort();
      return go();
    };
    const source = new Uint8Array(100_000);
    const stopped = await client.upload('docs/plain', source, { signal: stop.signal });
    expect(stopped).toMatchObject({ outcome: 'unknown', reason: 'aborted', resume: null });
    const { requestId } = stopped;
    expect(committed(await client.upload('docs/plain', source, { requestId }))).toBe(1);
    expect(committed(await client.upload('docs/plain', source, { requestId }))).toBe(1);
  });

  it('can be discarded, and begins anew then', async () => {
    const resume = resumeOf(await cut('docs/discarded', content(1)));
    expect(await client.discardUpload(resume)).toEqual({ outcome: 'discarded' });
    expect(await client.discardUpload(resume)).toEqual({ outcome: 'absent' });
    const told: string[] = [];
    const onResumable = (begun: string): void => void told.push(begun);
    const options = { resume, onResumable };
    expect(committed(await client.upload('docs/discarded', content(1), options))).toBe(1);
    expect(asked.filter((what) => what.startsWith('PUT')).toSorted()).toEqual(['PUT 1', 'PUT 2']);
    expect(told).toHaveLength(1);
    expect(told).not.toContain(resume);
  });

  it('is not gone on with by another source', async () => {
    const bytes = content(1);
    const fingerprint = 'first';
    const resume = resumeOf(await cut('docs/changed', bytes, { fingerprint }));
    const changed = { outcome: 'rejected', reason: 'source_changed', resume };
    const other = { resume, fingerprint: 'second' };
    expect(await client.upload('docs/changed', bytes, other)).toMatchObject(changed);
    const longer = new Uint8Array([...bytes, 1]);
    const settings = { resume, fingerprint };
    expect(await client.upload('docs/changed', longer, settings)).toMatchObject(changed);
    expect(committed(await client.upload('docs/changed', bytes, settings))).toBe(1);
  });

  it('sends a part again whose bytes are others by now, where nothing else tells', async () => {
    const resume = resumeOf(await cut('docs/other', content(1, 1)));
    committed(await client.upload('docs/other', content(1, 2), { resume }));
    expect(asked).toContain('PUT 1');
    expect(await holds('docs/other', content(1, 2))).toBe(true);
  });

  it('needs a fingerprint to be believed where content cannot be compared', async () => {
    const { md5: _, ...platform } = nodePlatform();
    const plain = await connectOn(platform, { sites: sites.endpoints, near: 'nyc' });
    try {
      const bytes = content(1);
      const fingerprint = 'same';
      const resume = resumeOf(await cut('docs/named', bytes, { fingerprint }));
      committed(await plain.upload('docs/named', bytes, { resume, fingerprint }));
      expect(asked).not.toContain('PUT 1');
      const nameless = resumeOf(await cutAgain(bytes));
      committed(await plain.upload('docs/nameless', bytes, { resume: nameless }));
      expect(asked).toContain('PUT 1');
    } finally {
      plain.close();
    }
  });

  function cutAgain(bytes: Uint8Array): Promise<UploadResult> {
    asked = [];
    return cut('docs/nameless', bytes);
  }
});

describe('a source', () => {
  it('that is not what it was ends the upload, and nothing of the file changes', async () => {
    const path = join(folder, 'changing');
    await writeFile(path, content(2));
    const source = await fileSource(path);
    gate = async (what, go) => {
      if (what.startsWith('PUT 1')) await utimes(path, 1, 1);
      return go();
    };
    const ended = await client.upload('docs/changing', source, { ...IN_PARTS, partsAtOnce: 1 });
    expect(ended).toMatchObject({ outcome: 'rejected', reason: 'source_changed' });
    const short = { size: 2 * PART, slice: () => new Uint8Array(7) };
    expect(await client.upload('docs/changing', short)).toMatchObject({ reason: 'source_changed' });
    const small = { size: 100, slice: () => new Uint8Array(7) };
    expect(await client.upload('docs/changing', small)).toMatchObject({ reason: 'source_changed' });
    const bad = { size: 2 * PART, slice: () => Promise.reject(new Error('no such disk')) };
    expect(await client.upload('docs/changing', bad)).toMatchObject({
      outcome: 'rejected',
      reason: 'source_failed',
      message: 'no such disk',
    });
    expect(await client.stat('docs/changing')).toMatchObject({ outcome: 'absent', version: null });
  });
});

describe('a completion', () => {
  it('whose answer was lost gives the same version, at once and by a resume', async () => {
    const bytes = content(1);
    let losses = 1;
    gate = async (what, go) => {
      const answer = await go();
      if (!what.startsWith('POST') || losses === 0) return answer;
      losses -= 1;
      throw new TypeError('terminated');
    };
    expect(committed(await client.upload('docs/lost', bytes, IN_PARTS))).toBe(1);
    expect(asked.filter((what) => what === 'POST')).toHaveLength(2);
    losses = Number.POSITIVE_INFINITY;
    const unknown = await client.upload('docs/lost', bytes, { ...IN_PARTS, timeoutMs: 1500 });
    expect(unknown).toMatchObject({ outcome: 'unknown' });
    losses = 0;
    const resume = resumeOf(unknown);
    // Also with a condition that its own version breaks.
    const again = { resume, ifVersion: 1 };
    expect(committed(await client.upload('docs/lost', bytes, again))).toBe(2);
    expect(committed(await client.upload('docs/lost', bytes, again))).toBe(2);
    expect(await client.discardUpload(resume)).toEqual({ outcome: 'absent' });
    expect(await client.stat('docs/lost')).toMatchObject({ file: { version: 2 } });
  });

  it('keeps to its conditions, and can be had again with others without sending anything', async () => {
    committed(await client.write('docs/there', 'first'));
    const bytes = content(1);
    const refused = await client.upload('docs/there', bytes, { ...IN_PARTS, ifAbsent: true });
    expect(refused).toMatchObject({
      outcome: 'rejected',
      reason: 'precondition_failed',
      currentVersion: 1,
    });
    asked = [];
    const resume = resumeOf(refused);
    const still = await client.upload('docs/there', bytes, { resume, ifVersion: 7 });
    expect(still).toMatchObject({ outcome: 'rejected', reason: 'precondition_failed' });
    expect(committed(await client.upload('docs/there', bytes, { resume, ifVersion: 1 }))).toBe(2);
    expect(asked).toEqual(['POST', 'POST']);
    expect(await holds('docs/there', bytes)).toBe(true);
  });
});

describe('what is asked for wrongly', () => {
  it('is refused as a value where it comes from outside', async () => {
    const bytes = content(1);
    const token = { upload: 'a'.repeat(32), size: bytes.length, partBytes: PART, fingerprint: '' };
    const broken = [
      '',
      'null',
      '{}',
      'x'.repeat(20_000),
      formatToken({ ...token, name: 'docs/other' }),
      formatToken({ ...token, name: 'docs/a', upload: '../x' }),
      formatToken({ ...token, name: 'docs/a', partBytes: 1 }),
      formatToken({ ...token, name: 'docs/a', size: -1 }),
      formatToken({ ...token, name: 'docs/a' }).replace('"v":1', '"v":2'),
    ];
    for (const resume of broken) {
      expect(await client.upload('docs/a', bytes, { resume })).toMatchObject({
        outcome: 'rejected',
        reason: 'invalid_resume',
      });
    }
    expect(await client.discardUpload('{}')).toMatchObject({ reason: 'invalid_resume' });
    expect(await client.upload('docs/\ud800', bytes)).toMatchObject({ reason: 'invalid_name' });
    const none = await client.upload('none-there/a', bytes, IN_PARTS);
    expect(none).toMatchObject({ outcome: 'rejected', reason: 'no_such_bucket', resume: null });
    expect(asked).toEqual([]);
  });

  it.each([
    { partBytes: PART - 1 },
    { partBytes: 1024 ** 3 + 1 },
    { partsAtOnce: 0 },
    { partsAtOnce: 9 },
    { partsAtOnce: 1.5 },
    { fingerprint: 'x'.repeat(257) },
    { ifVersion: 0 },
  ])('throws for %o', async (options) => {
    await expect(client.upload('docs/a', new Blob(['x']), options)).rejects.toThrow(TypeError);
  });

  it('throws for what is no source', async () => {
    for (const size of [-1, 1.5, Number.NaN]) {
      const source = { size, slice: () => new Uint8Array() };
      await expect(client.upload('docs/a', source)).rejects.toThrow(TypeError);
    }
  });
});
