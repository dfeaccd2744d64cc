import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestSites } from './test-sites.js';

const Bucket = 'docs';
const Key = 'big file';
const PART = 5 * 1024 * 1024;
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

/** Bytes that differ from place to place. */
function bytes(length: number, seed: number): Buffer {
  const block = createHash('sha512').update(String(seed)).digest();
  return Buffer.alloc(length, block);
}

async function begin(more = {}): Promise<string> {
  const begun = await nyc.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }));
  if (begun.UploadId === undefined) throw new Error('no upload id');
  return begun.UploadId;
}

const part = (
  client: S3Client,
  UploadId: string,
  PartNumber: number,
  Body: Uint8Array,
  more = {},
) => client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));

function complete(UploadId: string, etags: readonly (string | undefined)[], more = {}) {
  const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
  return lon.send(
    new CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId,
      MultipartUpload: { Parts },
      ...more,
    }),
  );
}

const md5 = (body: Uint8Array): Buffer => createHash('md5').update(body).digest();

it('an upload is completed only if its object has the checksum that is said', async () => {
  const body = Buffer.from('hello');
  const UploadId = await begin({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' });
  const { ETag } = await part(nyc, UploadId, 1, body, { ChecksumAlgorithm: 'CRC32' });
  await expect(complete(UploadId, [ETag], { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({
    name: 'BadDigest',
  });
  const done = await complete(UploadId, [ETag], { ChecksumCRC32: 'NhCmhg==' });
  expect(done).toMatchObject({ ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT' });
});

it('parts sent to several sites become one object, in the order of their numbers', async () => {
  const bodies = [bytes(PART, 1), bytes(PART, 2), Buffer.from('the end')];
  const UploadId = await begin({ ContentType: 'text/x', Metadata: { a: '1' } });
  const third = await part(lon, UploadId, 3, bodies[2]!);
  const second = await part(nyc, UploadId, 2, bodies[1]!);
  await part(nyc, UploadId, 1, Buffer.from('to be replaced'));
  const first = await part(lon, UploadId, 1, bodies[0]!);
  const listed = await nyc.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }));
  expect(listed.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
    [1, PART],
    [2, PART],
  ]);
  expect(listed).toMatchObject({ IsTruncated: true, NextPartNumberMarker: '2' });
  const done = await complete(UploadId, [first.ETag, second.ETag, third.ETag]);
  const etag = createHash('md5')
    .update(Buffer.concat(bodies.map(md5)))
    .digest('hex');
  expect(done.ETag).toBe(`"${etag}-3"`);
  const whole = Buffer.concat(bodies);
  const got = await nyc.send(new GetObjectCommand({ Bucket, Key }));
  expect(Buffer.compare((await got.Body?.transformToByteArray()) ?? bytes(0, 0), whole)).toBe(0);
  expect(got).toMatchObject({ ContentType: 'text/x', Metadata: { a: '1' }, ETag: done.ETag });
  const last = await nyc.send(new GetObjectCommand({ Bucket, Key, PartNumber: 3 }));
  expect(await last.Body?.transformToString()).toBe('the end');
  expect(last).toMatchObject({
    PartsCount: 3,
    ContentRange: `bytes ${2 * PART}-${2 * PART + 6}/${2 * PART + 7}`,
  });
  const attributes = await lon.send(
    new GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes: ['ObjectParts'] }),
  );
  expect(attributes.ObjectParts).toMatchObject({ TotalPartsCount: 3 });
  await expect(complete(UploadId, [first.ETag])).rejects.toMatchObject({ name: 'NoSuchUpload' });
});

it('what is wrong with a completion is said, and the upload stays', async () => {
  const UploadId = await begin();
  const small = await part(nyc, UploadId, 1, Buffer.from('small'));
  const end = await part(nyc, UploadId, 2, Buffer.from('end'));
  await expect(complete(UploadId, [small.ETag, end.ETag])).rejects.toMatchObject({
    name: 'EntityTooSmall',
  });
  await expect(complete(UploadId, ['"0123"'])).rejects.toMatchObject({ name: 'InvalidPart' });
  const MultipartUpload = {
    Parts: [
      { ETag: end.ETag, PartNumber: 2 },
      { ETag: small.ETag, PartNumber: 1 },
    ],
  };
  await expect(complete(UploadId, [], { MultipartUpload })).rejects.toMatchObject({
    name: 'InvalidPartOrder',
  });
  await expect(complete('0'.repeat(32), [small.ETag])).rejects.toMatchObject({
    name: 'NoSuchUpload',
  });
  await complete(UploadId, [small.ETag]);
  const head = await lon.send(new HeadObjectCommand({ Bucket, Key }));
  expect(head.ContentLength).toBe(5);
});

it('of many completions one takes effect, and a condition holds for it', async () => {
  const ids = [await begin(), await begin(), await begin()];
  const etags = await Promise.all(
    ids.map(async (id, i) => (await part(nyc, id, 1, Buffer.from(`upload ${i}`))).ETag),
  );
  const outcomes = await Promise.allSettled(
    ids.map((id, i) => complete(id, [etags[i]], { IfNoneMatch: '*' })),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const listed = await nyc.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(listed.Uploads).toHaveLength(2);
});

it('an upload that is aborted is gone with its parts', async () => {
  const UploadId = await begin();
  await part(nyc, UploadId, 1, Buffer.from('x'));
  await lon.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
  await expect(part(nyc, UploadId, 2, Buffer.from('y'))).rejects.toMatchObject({
    name: 'NoSuchUpload',
  });
  const listed = await nyc.send(new ListMultipartUploadsCommand({ Bucket }));
  expect(listed.Uploads).toBeUndefined();
});

it('uploads under way are listed by key, page by page and rolled up', async () => {
  for (const key of ['b/2', 'a', 'b/1', 'c', 'a']) await begin({ Key: key });
  const seen: string[] = [];
  let from = {};
  for (;;) {
    const page = await lon.send(
      new ListMultipartUploadsCommand({ Bucket, MaxUploads: 2, ...from }),
    );
    seen.push(...(page.Uploads ?? []).map((upload) => upload.Key ?? ''));
    if (page.IsTruncated !== true) break;
    from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
  expect(seen).toEqual(['a', 'a', 'b/1', 'b/2', 'c']);
  const rolled = await lon.send(new ListMultipartUploadsCommand({ Bucket, Delimiter: '/' }));
  expect(rolled.Uploads?.map((upload) => upload.Key)).toEqual(['a', 'a', 'c']);
  expect(rolled.CommonPrefixes).toEqual([{ Prefix: 'b/' }]);
});

it('checksums of parts become that of the object', async () => {
  const UploadId = await begin({ ChecksumAlgorithm: 'CRC64NVME' });
  const bodies = [bytes(PART, 3), Buffer.from('tail')];
  const more = { ChecksumAlgorithm: 'CRC64NVME' };
  const one = await part(nyc, UploadId, 1, bodies[0]!, more);
  const two = await part(nyc, UploadId, 2, bodies[1]!, more);
  const done = await complete(UploadId, [one.ETag, two.ETag]);
  const whole = await sites.cluster.at('nyc').store(
    (async function* () {
      yield Buffer.concat(bodies);
    })(),
    { digests: ['crc64nvme'] },
  );
  const expected = whole.ok ? Buffer.from(whole.digests.crc64nvme ?? '', 'hex') : Buffer.alloc(0);
  expect(done).toMatchObject({
    ChecksumCRC64NVME: expected.toString('base64'),
    ChecksumType: 'FULL_OBJECT',
  });
});

it('a part can be copied out of another object', async () => {
  const whole = bytes(PART + 100, 4);
  const upload = new Upload({ client: nyc, params: { Bucket, Key: 'source', Body: whole } });
  await upload.done();
  const UploadId = await begin();
  const copied = await lon.send(
    new UploadPartCopyCommand({
      Bucket,
      Key,
      UploadId,
      PartNumber: 1,
      CopySource: 'docs/source',
      CopySourceRange: `bytes=0-${PART - 1}`,
    }),
  );
  const tail = await part(nyc, UploadId, 2, Buffer.from('!'));
  await complete(UploadId, [copied.CopyPartResult?.ETag, tail.ETag]);
  const got = await nyc.send(new GetObjectCommand({ Bucket, Key }));
  const expected = Buffer.concat([whole.subarray(0, PART), Buffer.from('!')]);
  expect(Buffer.compare((await got.Body?.transformToByteArray()) ?? whole, expected)).toBe(0);
});
