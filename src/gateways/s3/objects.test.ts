import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestSites } from './test-sites.js';

let sites: TestSites;
let nyc: S3Client;
let lon: S3Client;

beforeEach(async () => {
  sites = await TestSites.start();
  const key = await sites.key();
  nyc = sites.client('nyc', key);
  lon = sites.client('lon', key);
  await nyc.send(new CreateBucketCommand({ Bucket: 'docs' }));
});

afterEach(async () => {
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

const put = (client: S3Client, Key: string, Body: string, more = {}) =>
  client.send(new PutObjectCommand({ Bucket: 'docs', Key, Body, ...more }));

async function text(client: S3Client, Key: string, more = {}): Promise<string> {
  const got = await client.send(new GetObjectCommand({ Bucket: 'docs', Key, ...more }));
  return (await got.Body?.transformToString()) ?? '';
}

describe('objects', () => {
  it('are read at every site as they were written at any, with what describes them', async () => {
    const written = await put(nyc, 'a b/ü+.txt', 'hello', {
      ContentType: 'text/plain',
      CacheControl: 'max-age=60',
      Metadata: { colour: 'grün' },
      Tagging: 'team=blue&x=1',
    });
    expect(written.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    const got = await lon.send(new GetObjectCommand({ Bucket: 'docs', Key: 'a b/ü+.txt' }));
    expect(await got.Body?.transformToString()).toBe('hello');
    expect(got).toMatchObject({
      ETag: written.ETag,
      ContentType: 'text/plain',
      CacheControl: 'max-age=60',
      ContentLength: 5,
      TagCount: 2,
      ChecksumCRC32: written.ChecksumCRC32,
    });
    expect(written.ChecksumCRC32).toBe('NhCmhg==');
    const tags = await lon.send(new GetObjectTaggingCommand({ Bucket: 'docs', Key: 'a b/ü+.txt' }));
    expect(tags.TagSet).toEqual([
      { Key: 'team', Value: 'blue' },
      { Key: 'x', Value: '1' },
    ]);
  });

  it('give ranges, and 304 and 412 where conditions say so', async () => {
    const body = 'x'.repeat(3000) + 'end';
    const { ETag } = await put(nyc, 'big', body);
    expect(await text(lon, 'big', { Range: 'bytes=-3' })).toBe('end');
    expect(await text(lon, 'big', { Range: 'bytes=2999-3000' })).toBe('xe');
    await expect(text(lon, 'big', { Range: 'bytes=9000-' })).rejects.toMatchObject({
      name: 'InvalidRange',
    });
    await expect(text(lon, 'big', { IfNoneMatch: ETag })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(text(lon, 'big', { IfMatch: '"other"' })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    const head = await lon.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'big' }));
    expect(head).toMatchObject({ ContentLength: body.length, ETag });
  });

  it('are written conditionally by one of many writers at all sites', async () => {
    const key = await sites.key();
    const clients = ['nyc', 'tor', 'lon'].flatMap((site) => [
      sites.client(site, key),
      sites.client(site, key),
    ]);
    const outcomes = await Promise.allSettled(
      clients.map((client, i) => put(client, 'lock', `me ${i}`, { IfNoneMatch: '*' })),
    );
    const won = outcomes.filter(({ status }) => status === 'fulfilled');
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [(outcome.reason as Error).name] : [],
    );
    expect(won).toHaveLength(1);
    expect(lost).toEqual(Array.from({ length: clients.length - 1 }, () => 'PreconditionFailed'));
    const { ETag } = await nyc.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'lock' }));
    await put(lon, 'lock', 'next', { IfMatch: ETag });
    await expect(put(nyc, 'lock', 'late', { IfMatch: ETag })).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    expect(await text(nyc, 'lock')).toBe('next');
  });

  it('are deleted one by one and many at once', async () => {
    for (const key of ['a', 'b', 'c']) await put(nyc, key, key);
    await lon.send(new DeleteObjectCommand({ Bucket: 'docs', Key: 'a' }));
    await lon.send(new DeleteObjectCommand({ Bucket: 'docs', Key: 'never' }));
    await expect(text(nyc, 'a')).rejects.toMatchObject({ name: 'NoSuchKey' });
    const deleted = await nyc.send(
      new DeleteObjectsCommand({
        Bucket: 'docs',
        Delete: { Objects: [{ Key: 'b' }, { Key: 'c' }, { Key: 'none' }] },
      }),
    );
    expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(['b', 'c', 'none']);
    expect(deleted.Errors).toBeUndefined();
    const left = await lon.send(new ListObjectsV2Command({ Bucket: 'docs' }));
    expect(left.KeyCount).toBe(0);
  });

  it('are copied with their metadata or with another', async () => {
    await put(nyc, 'from', 'hello', {
      Metadata: { a: '1' },
      Tagging: 't=1',
      ContentType: 'text/x',
    });
    const CopySource = 'docs/from';
    const copied = await lon.send(new CopyObjectCommand({ Bucket: 'docs', Key: 'to', CopySource }));
    expect(copied.CopyObjectResult?.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    const head = await nyc.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'to' }));
    expect(head).toMatchObject({ Metadata: { a: '1' }, ContentType: 'text/x' });
    await lon.send(
      new CopyObjectCommand({
        Bucket: 'docs',
        Key: 'from',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    );
    const itself = await nyc.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'from' }));
    expect(itself.Metadata).toEqual({ b: '2' });
    await expect(
      lon.send(new CopyObjectCommand({ Bucket: 'docs', Key: 'from', CopySource })),
    ).rejects.toMatchObject({ name: 'InvalidRequest' });
    await expect(
      lon.send(
        new CopyObjectCommand({ Bucket: 'docs', Key: 'x', CopySource, CopySourceIfMatch: '"no"' }),
      ),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });

  it('tell their attributes, and have tags that change without a new time or etag', async () => {
    await put(nyc, 'a', 'hello');
    const before = await nyc.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'a' }));
    await lon.send(
      new PutObjectTaggingCommand({
        Bucket: 'docs',
        Key: 'a',
        Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] },
      }),
    );
    const after = await nyc.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'a' }));
    expect(after.LastModified).toEqual(before.LastModified);
    expect(after.ETag).toBe(before.ETag);
    const attributes = await lon.send(
      new GetObjectAttributesCommand({
        Bucket: 'docs',
        Key: 'a',
        ObjectAttributes: ['ETag', 'ObjectSize', 'Checksum'],
      }),
    );
    expect(attributes).toMatchObject({
      ETag: '5d41402abc4b2a76b9719d911017c592',
      ObjectSize: 5,
      Checksum: { ChecksumCRC32: 'NhCmhg==' },
    });
  });

  it('that other interfaces wrote have an etag that is no MD5 and works in conditions', async () => {
    const body = (async function* () {
      yield Buffer.from('native');
    })();
    await sites.cluster.at('tor').write('docs/native', body);
    const head = await lon.send(new HeadObjectCommand({ Bucket: 'docs', Key: 'native' }));
    expect(head.ETag).toMatch(/^"[0-9a-f]{64}-1"$/);
    await put(nyc, 'native', 'over', { IfMatch: head.ETag });
    expect(await text(lon, 'native')).toBe('over');
  });
});

describe('listings', () => {
  const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'd', 'e f', 'g&h'];
  beforeEach(async () => {
    for (const key of keys) await put(nyc, key, key);
  });

  it('go through all keys page by page, in both versions', async () => {
    const seen: string[] = [];
    for (let token: string | undefined, more = true; more; ) {
      const page = await lon.send(
        new ListObjectsV2Command({ Bucket: 'docs', MaxKeys: 2, ContinuationToken: token }),
      );
      seen.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
      token = page.NextContinuationToken;
      more = page.IsTruncated === true;
    }
    expect(seen).toEqual(keys);
    const old: string[] = [];
    for (let Marker: string | undefined, more = true; more; ) {
      const page = await lon.send(new ListObjectsCommand({ Bucket: 'docs', MaxKeys: 3, Marker }));
      old.push(...(page.Contents ?? []).map(({ Key = '' }) => Key));
      Marker = page.NextMarker ?? old.at(-1);
      more = page.IsTruncated === true;
    }
    expect(old).toEqual(keys);
  });

  it('roll up prefixes, start after a key, and encode names when asked', async () => {
    const page = await lon.send(new ListObjectsV2Command({ Bucket: 'docs', Delimiter: '/' }));
    expect(page.CommonPrefixes).toEqual([{ Prefix: 'b/' }]);
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['a', 'd', 'e f', 'g&h']);
    const inside = await lon.send(
      new ListObjectsV2Command({ Bucket: 'docs', Prefix: 'b/', Delimiter: '/', StartAfter: 'b/1' }),
    );
    expect(inside.Contents?.map(({ Key }) => Key)).toEqual(['b/2']);
    expect(inside.CommonPrefixes).toEqual([{ Prefix: 'b/c/' }]);
    const encoded = await lon.send(
      new ListObjectsV2Command({ Bucket: 'docs', Prefix: 'e', EncodingType: 'url' }),
    );
    expect(encoded.Contents?.[0]?.Key).toBe('e%20f');
    const owned = await lon.send(
      new ListObjectsV2Command({ Bucket: 'docs', MaxKeys: 1, FetchOwner: true }),
    );
    expect(owned.Contents?.[0]).toMatchObject({ Size: 1, Owner: { ID: 'quorate' } });
  });

  it('of buckets show those that the key may read', async () => {
    await nyc.send(new CreateBucketCommand({ Bucket: 'other' }));
    const limited = sites.client('tor', await sites.key([{ buckets: 'docs', level: 'read' }]));
    const { Buckets } = await limited.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['docs']);
    await expect(put(limited, 'a', 'x')).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(limited.send(new ListObjectsV2Command({ Bucket: 'other' }))).rejects.toMatchObject(
      { name: 'AccessDenied' },
    );
  });

  it('go as far as the rights of the key on prefixes, as all else does', async () => {
    const limited = sites.client(
      'tor',
      await sites.key([
        { buckets: 'docs/mine/*', level: 'write' },
        { buckets: 'docs/theirs', level: 'read' },
      ]),
    );
    const denied = { name: 'AccessDenied' };
    await put(nyc, 'theirs', 'x');
    await put(limited, 'mine/a', 'x');
    await expect(put(limited, 'yours/a', 'x')).rejects.toMatchObject(denied);
    await limited.send(new HeadBucketCommand({ Bucket: 'docs' }));
    const { Buckets } = await limited.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['docs']);
    const list = (Prefix: string) =>
      limited.send(new ListObjectsV2Command({ Bucket: 'docs', Prefix }));
    expect((await list('mine/')).Contents?.map(({ Key }) => Key)).toEqual(['mine/a']);
    await expect(list('')).rejects.toMatchObject(denied);
    const copy = (from: string, Key: string) =>
      limited.send(new CopyObjectCommand({ Bucket: 'docs', Key, CopySource: `docs/${from}` }));
    await copy('theirs', 'mine/b');
    await expect(copy('theirs', 'theirs')).rejects.toMatchObject(denied);
    await put(nyc, 'yours/a', 'x');
    await expect(copy('yours/a', 'mine/c')).rejects.toMatchObject(denied);
    const Objects = [{ Key: 'mine/a' }, { Key: 'theirs' }];
    const gone = await limited.send(
      new DeleteObjectsCommand({ Bucket: 'docs', Delete: { Objects } }),
    );
    expect(gone.Deleted?.map(({ Key }) => Key)).toEqual(['mine/a']);
    expect(gone.Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([['theirs', 'AccessDenied']]);
  });
});
