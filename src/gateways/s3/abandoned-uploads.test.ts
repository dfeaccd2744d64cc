import { afterEach, beforeEach, expect, it } from 'vitest';
import { inlineContent } from '../../site/inline-content.js';
import { SITES, TestCluster } from '../../site/test-cluster.js';
import { ABANDONED_AFTER_MS, AbandonedUploads } from './abandoned-uploads.js';
import {
  allUploads,
  beginUpload,
  endUpload,
  findUpload,
  idsWithParts,
  partsPrimary,
  putPart,
  uploadPrimary,
} from '../../site/uploads.js';
import { listenS3 } from './s3-server.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await new TestCluster().ready();
});

afterEach(() => cluster.stop());

async function begin(key: string, parts = 3): Promise<string> {
  const service = cluster.at('lon');
  const upload = { bucket: 'docs', key, initiator: '', metadata: {}, checksum: null };
  const begun = await beginUpload(service, upload);
  if (!begun.ok) throw new Error(begun.reason);
  for (let part = 1; part <= parts; part += 1) await addPart(begun.id, part);
  return begun.id;
}

async function addPart(id: string, number: number): Promise<void> {
  const content = inlineContent(Buffer.from(`part ${number}`));
  const kept = await putPart(cluster.at('lon'), id, number, { content, md5: '', checksum: '' });
  expect(kept).toMatchObject({ ok: true });
}

/** A round at every site, so long from now. */
async function rounds(laterMs: number, sites: readonly string[] = SITES): Promise<void> {
  for (const site of sites) {
    await new AbandonedUploads(cluster.at(site), site, () => Date.now() + laterMs).round();
  }
}

async function left(): Promise<{ readonly uploads: string[]; readonly withParts: string[] }> {
  const uploads = await allUploads(cluster.at('nyc'), '');
  const parts = await idsWithParts(cluster.at('nyc'), '');
  if (uploads === null || parts === null) throw new Error('what is left cannot be read');
  return { uploads: uploads.uploads.map(({ id }) => id).sort(), withParts: [...parts.ids].sort() };
}

const LONG_MS = ABANDONED_AFTER_MS + 60_000;

it('an upload goes with its parts once it is too old, and no earlier', async () => {
  const ids = await Promise.all(['a', 'b/c', 'ü\u0001'].map((key) => begin(key)));
  const sorted = [...ids].sort();
  await rounds(ABANDONED_AFTER_MS - 60_000);
  expect(await left()).toEqual({ uploads: sorted, withParts: sorted });
  await rounds(LONG_MS);
  expect(await left()).toEqual({ uploads: [], withParts: [] });
  expect(await findUpload(cluster.at('tor'), 'docs', 'a', ids[0] ?? '')).toMatchObject({
    reason: 'no_such_upload',
  });
});

it('parts that came while their upload ended go at the next round, those of others stay', async () => {
  const ended = await begin('ended', 0);
  const other = await begin('other');
  await endUpload(cluster.at('nyc'), { bucket: 'docs', key: 'ended', id: ended });
  await addPart(ended, 1);
  await addPart(ended, 7);
  expect((await left()).withParts).toEqual([ended, other].sort());
  await rounds(0);
  expect(await left()).toEqual({ uploads: [other], withParts: [other] });
});

it('a site acts only for what it is the primary of', async () => {
  const id = await begin('a');
  const service = cluster.at('nyc');
  const [upload] = (await allUploads(service, ''))?.uploads ?? [];
  if (upload === undefined) throw new Error('the upload is not listed');
  const acting = uploadPrimary(service, upload);
  await rounds(
    LONG_MS,
    SITES.filter((site) => site !== acting),
  );
  expect(await left()).toEqual({ uploads: [id], withParts: [id] });
  await rounds(LONG_MS, [acting]);
  expect(await left()).toEqual({ uploads: [], withParts: [] });
  await addPart(id, 1);
  const keeper = partsPrimary(service, id);
  await rounds(
    0,
    SITES.filter((site) => site !== keeper),
  );
  expect((await left()).withParts).toEqual([id]);
  await rounds(0, [keeper]);
  expect((await left()).withParts).toEqual([]);
});

it('an upload whose record cannot be understood keeps its parts until it is too old', async () => {
  const id = 'f'.repeat(32);
  const record = inlineContent(Buffer.from('{"v":2}'));
  await cluster.at('nyc').records.put(`uploads/docs/key\0${id}`, record);
  await addPart(id, 1);
  await rounds(0);
  expect(await left()).toEqual({ uploads: [id], withParts: [id] });
  await rounds(LONG_MS);
  expect(await left()).toEqual({ uploads: [], withParts: [] });
});

it('a round that cannot read what there is removes nothing', async () => {
  const id = await begin('a');
  const { records } = cluster.at('nyc');
  const list = records.list.bind(records);
  for (const unreadable of ['uploads/', 'parts/']) {
    records.list = async (options) =>
      options.prefix === unreadable
        ? { ok: false, reason: 'no_primary', message: 'nobody acts' }
        : list(options);
    await rounds(LONG_MS, ['nyc']);
  }
  records.list = list;
  expect(await left()).toEqual({ uploads: [id], withParts: [id] });
});

it('a server looks once an hour, until it is closed', async () => {
  const id = await begin('a');
  const due: (() => Promise<void>)[] = [];
  let stopped = 0;
  const servers = await Promise.all(
    SITES.map((site) =>
      listenS3(cluster.at(site), {
        site,
        host: '127.0.0.1',
        port: 0,
        uploadClock: {
          wallMs: () => Date.now() + LONG_MS,
          every: (periodMs, round) => {
            expect(periodMs).toBe(3_600_000);
            due.push(round);
            return { stop: () => void (stopped += 1) };
          },
        },
      }),
    ),
  );
  expect((await left()).uploads).toEqual([id]);
  await Promise.all(due.map((round) => round()));
  expect(await left()).toEqual({ uploads: [], withParts: [] });
  await Promise.all(servers.map((server) => server.close()));
  expect(stopped).toBe(3);
});
