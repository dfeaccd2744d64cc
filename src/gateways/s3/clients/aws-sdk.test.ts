import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClientSites } from './client-test-kit.js';

/* The AWS SDK with its default checksums and streams: written at one site, read at another. */

const SITES = ['nyc', 'tor', 'lon'] as const;
type SiteName = (typeof SITES)[number];

const Bucket = 'sdk-cycle';
const SMALL = randomBytes(3000);
const LARGE = randomBytes(17 * 1024 * 1024 + 77);

let sites: ClientSites;
let clients: Record<SiteName, S3Client>;

beforeAll(async () => {
  sites = await ClientSites.start();
  clients = { nyc: client('nyc'), tor: client('tor'), lon: client('lon') };
});

afterAll(async () => {
  for (const site of SITES) clients[site].destroy();
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

function client(site: SiteName): S3Client {
  return new S3Client({
    endpoint: sites.url(site),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: sites.key.id, secretAccessKey: sites.key.secret },
  });
}

async function read(site: SiteName, Key: string, more: object = {}): Promise<Uint8Array> {
  const { Body } = await clients[site].send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Body!.transformToByteArray();
}

async function versionsOf(
  site: SiteName,
  Prefix: string,
): Promise<{ Key: string; VersionId: string }[]> {
  const listed = await clients[site].send(new ListObjectVersionsCommand({ Bucket, Prefix }));
  return [...(listed.DeleteMarkers ?? []), ...(listed.Versions ?? [])].map((one) => ({
    Key: one.Key!,
    VersionId: one.VersionId!,
  }));
}

describe('the AWS SDK', () => {
  it('writes at one site and reads, lists and overwrites at the others', async () => {
    await clients.nyc.send(new CreateBucketCommand({ Bucket }));
    await clients.tor.send(
      new PutObjectCommand({ Bucket, Key: 'a/é +.txt', Body: SMALL, Metadata: { from: 'tor' } }),
    );
    const head = await clients.lon.send(new HeadObjectCommand({ Bucket, Key: 'a/é +.txt' }));
    expect(head).toMatchObject({ ContentLength: SMALL.length, Metadata: { from: 'tor' } });
    expect(hashOf(await read('lon', 'a/é +.txt'))).toBe(hashOf(SMALL));
    await clients.lon.send(new PutObjectCommand({ Bucket, Key: 'a/é +.txt', Body: 'again' }));
    expect(Buffer.from(await read('nyc', 'a/é +.txt')).toString()).toBe('again');
    const listed = await clients.tor.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
    expect(listed.CommonPrefixes).toEqual([{ Prefix: 'a/' }]);
  });

  it('uploads a stream in parts at one site and reads it whole and in ranges at another', async () => {
    const Body = Readable.from(pieces(LARGE, 100_003));
    const upload = new Upload({ client: clients.tor, params: { Bucket, Key: 'large', Body } });
    expect((await upload.done()).ETag).toMatch(/-4"$/);
    expect(hashOf(await read('lon', 'large'))).toBe(hashOf(LARGE));
    const range = await read('nyc', 'large', { Range: 'bytes=5242870-5242899' });
    expect(hashOf(range)).toBe(hashOf(LARGE.subarray(5_242_870, 5_242_900)));
    expect(hashOf(await read('nyc', 'large', { PartNumber: 2 }))).toBe(
      hashOf(LARGE.subarray(5 * 1024 * 1024, 10 * 1024 * 1024)),
    );
  });

  it('sends a stream of known length with its checksum behind it', async () => {
    const Body = Readable.from(pieces(LARGE, 70_001));
    const known = { Bucket, Key: 'streamed', Body, ContentLength: LARGE.length };
    await clients.lon.send(new PutObjectCommand(known));
    expect(hashOf(await read('tor', 'streamed'))).toBe(hashOf(LARGE));
  });

  it('writes on condition, of racing creators exactly one', async () => {
    const create = (site: SiteName): Promise<unknown> =>
      clients[site].send(
        new PutObjectCommand({ Bucket, Key: 'once', Body: site, IfNoneMatch: '*' }),
      );
    const raced = await Promise.allSettled([create('nyc'), create('tor'), create('lon')]);
    expect(raced.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { ETag } = await clients.lon.send(new HeadObjectCommand({ Bucket, Key: 'once' }));
    const change = { Bucket, Key: 'once', Body: 'changed', IfMatch: ETag };
    await clients.tor.send(new PutObjectCommand(change));
    await expect(clients.nyc.send(new PutObjectCommand(change))).rejects.toMatchObject({
      name: 'PreconditionFailed',
    });
    await expect(
      clients.nyc.send(new GetObjectCommand({ Bucket, Key: 'once', IfMatch: ETag })),
    ).rejects.toMatchObject({ name: 'PreconditionFailed' });
  });

  it('keeps versions, hides what is deleted, and brings it back', async () => {
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await clients.nyc.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const put = (site: SiteName, Body: string) =>
      clients[site].send(new PutObjectCommand({ Bucket, Key: 'v', Body }));
    const first = await put('nyc', 'one');
    const second = await put('tor', 'two');
    const deleted = await clients.lon.send(new DeleteObjectCommand({ Bucket, Key: 'v' }));
    expect(deleted.DeleteMarker).toBe(true);
    await expect(read('nyc', 'v')).rejects.toMatchObject({ name: 'NoSuchKey' });
    const one = await read('lon', 'v', { VersionId: first.VersionId });
    expect(Buffer.from(one).toString()).toBe('one');
    expect((await versionsOf('tor', 'v')).map(({ VersionId }) => VersionId)).toEqual([
      deleted.VersionId,
      second.VersionId,
      first.VersionId,
    ]);
    const marker = { Bucket, Key: 'v', VersionId: deleted.VersionId };
    await clients.nyc.send(new DeleteObjectCommand(marker));
    expect(Buffer.from(await read('tor', 'v')).toString()).toBe('two');
  });

  it('deletes everything, and the bucket', async () => {
    const Objects = await versionsOf('lon', '');
    const removed = await clients.lon.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
    );
    expect(removed.Errors).toBeUndefined();
    expect(removed.Deleted).toHaveLength(Objects.length);
    await clients.tor.send(new DeleteBucketCommand({ Bucket }));
    await expect(clients.nyc.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });
});

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
