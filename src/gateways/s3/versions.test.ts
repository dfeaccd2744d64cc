import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestSites } from './test-sites.js';

const Bucket = 'docs';
let sites: TestSites;
let nyc: S3Client;
let lon: S3Client;

beforeEach(async () => {
  sites = await TestSites.start();
  const key = await sites.key();
  nyc = sites.client('nyc', key);
  lon = sites.client('lon', key);
  await nyc.send(new CreateBucketCommand({ Bucket }));
});

afterEach(async () => {
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

async function versioning(Status: 'Enabled' | 'Suspended'): Promise<void> {
  const VersioningConfiguration = { Status };
  await lon.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
}

async function put(client: S3Client, Body: string, Key = 'a'): Promise<string | undefined> {
  return (await client.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
}

async function text(VersionId?: string, Key = 'a'): Promise<string | undefined> {
  const got = await lon.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return got.Body?.transformToString();
}

const remove = (client: S3Client, VersionId?: string, Key = 'a') =>
  client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));

/** Each as `key id latest`, markers with a `!`. */
async function shown(more = {}): Promise<string[]> {
  const page = await nyc.send(new ListObjectVersionsCommand({ Bucket, ...more }));
  const all = [
    ...(page.Versions ?? []).map((version) => ({ ...version, mark: '' })),
    ...(page.DeleteMarkers ?? []).map((version) => ({ ...version, mark: '!' })),
  ];
  return all.map(
    ({ Key, VersionId, IsLatest, mark }) =>
      `${mark}${Key} ${VersionId}${IsLatest === true ? ' latest' : ''}`,
  );
}

it('a bucket keeps every version once that is enabled, at all sites', async () => {
  const off = await nyc.send(new GetBucketVersioningCommand({ Bucket }));
  expect(off.Status).toBeUndefined();
  await put(nyc, 'zero');
  await versioning('Enabled');
  const on = await nyc.send(new GetBucketVersioningCommand({ Bucket }));
  expect(on.Status).toBe('Enabled');
  const one = await put(nyc, 'one');
  const two = await put(lon, 'two');
  expect(one).not.toBe(two);
  expect(await shown()).toEqual([`a ${two} latest`, `a ${one}`, 'a null']);
  expect([await text(), await text(one), await text('null')]).toEqual(['two', 'one', 'zero']);
  await expect(text('00000000099')).rejects.toMatchObject({ name: 'NoSuchVersion' });
  await expect(text('../x')).rejects.toMatchObject({ name: 'InvalidArgument' });
});

it('a delete leaves a marker, and the object comes back when that is deleted', async () => {
  await versioning('Enabled');
  const one = await put(nyc, 'one');
  const marker = await remove(lon);
  expect(marker.DeleteMarker).toBe(true);
  await expect(text()).rejects.toMatchObject({ name: 'NoSuchKey' });
  await expect(text(marker.VersionId)).rejects.toMatchObject({ name: 'MethodNotAllowed' });
  expect(await text(one)).toBe('one');
  expect((await nyc.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  expect(await shown()).toEqual([`a ${one}`, `!a ${marker.VersionId} latest`]);
  const gone = await remove(nyc, marker.VersionId);
  expect(gone).toMatchObject({ DeleteMarker: true, VersionId: marker.VersionId });
  expect(await text()).toBe('one');
  expect(await shown()).toEqual([`a ${one} latest`]);
});

it('a version that is deleted for good is gone, whichever it is', async () => {
  await versioning('Enabled');
  const [one, two, three] = [await put(nyc, 'one'), await put(nyc, 'two'), await put(lon, 'three')];
  await remove(lon, one);
  expect(await shown()).toEqual([`a ${three} latest`, `a ${two}`]);
  await remove(nyc, three);
  expect(await text()).toBe('two');
  expect(await shown()).toEqual([`a ${two} latest`]);
  const four = await put(nyc, 'four');
  expect(await shown()).toEqual([`a ${four} latest`, `a ${two}`]);
  await remove(nyc, two);
  await remove(nyc, four);
  expect(await shown()).toEqual([]);
  await expect(text()).rejects.toMatchObject({ name: 'NoSuchKey' });
  // What was erased is in nobody's history.
  const history = await sites.cluster.at('tor').history('docs/a');
  expect(history.ok && history.versions.filter(({ deleted }) => !deleted)).toEqual([]);
  await remove(nyc, four);
  await nyc.send(new DeleteBucketCommand({ Bucket }));
});

it('two at once erase two versions and no other', async () => {
  await versioning('Enabled');
  const ids: (string | undefined)[] = [];
  for (const body of ['1', '2', '3', '4']) ids.push(await put(nyc, body));
  await Promise.all([remove(nyc, ids[0]), remove(lon, ids[3]), remove(nyc, ids[1])]);
  expect(await shown()).toEqual([`a ${ids[2]} latest`]);
  expect(await text()).toBe('3');
});

it('while versioning is suspended there is one null version, which is replaced', async () => {
  await versioning('Enabled');
  const one = await put(nyc, 'one');
  await versioning('Suspended');
  await put(nyc, 'null 1');
  await put(lon, 'null 2');
  expect(await shown()).toEqual(['a null latest', `a ${one}`]);
  expect(await text('null')).toBe('null 2');
  const marker = await remove(nyc);
  expect(marker).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
  expect(await shown()).toEqual([`a ${one}`, '!a null latest']);
  await remove(nyc, 'null');
  expect(await shown()).toEqual([`a ${one} latest`]);
  expect(await text()).toBe('one');
});

it('an object that was deleted by another interface comes back like any other', async () => {
  await versioning('Enabled');
  const one = await put(nyc, 'one');
  await sites.cluster.at('tor').remove('docs/a');
  expect(await shown()).toEqual([`a ${one}`, '!a null latest']);
  await remove(lon, 'null');
  expect(await text()).toBe('one');
});

it('versions are listed page by page, and folders rolled up', async () => {
  await versioning('Enabled');
  const all: string[] = [];
  for (const key of ['a', 'b/1', 'b/2', 'c']) {
    for (const body of ['1', '2', '3']) all.push(`${key} ${await put(nyc, body, key)}`);
  }
  const seen: string[] = [];
  let from = {};
  for (;;) {
    const page = await lon.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...from }));
    seen.push(...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`));
    if (page.IsTruncated !== true) break;
    from = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
  expect([...seen].sort()).toEqual([...all].sort());
  expect(seen.map((line) => line.split(' ')[0])).toEqual(
    ['a', 'b/1', 'b/2', 'c'].flatMap((key) => [key, key, key]),
  );
  const rolled = await lon.send(new ListObjectVersionsCommand({ Bucket, Delimiter: '/' }));
  expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'b/' }]);
  expect(rolled.Versions).toHaveLength(6);
});

it('an unversioned bucket shows one version, and its history is there for the store', async () => {
  await put(nyc, 'one');
  expect(await put(nyc, 'two')).toBeUndefined();
  expect(await shown()).toEqual(['a null latest']);
  const history = await sites.cluster.at('lon').history('docs/a');
  expect(history.ok && history.versions.length).toBe(2);
  await remove(nyc);
  expect(await shown()).toEqual([]);
});
