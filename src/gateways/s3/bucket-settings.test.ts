import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketCorsCommand,
  GetBucketAclCommand,
  GetBucketCorsCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutBucketAclCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
  await nyc.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'hello' }));
});

afterEach(async () => {
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

async function status(site: string, path: string, init?: RequestInit): Promise<number> {
  const response = await fetch(`${sites.url(site)}${path}`, init);
  await response.arrayBuffer();
  return response.status;
}

describe('buckets', () => {
  it('are made once, found everywhere and removed when they are empty', async () => {
    await expect(lon.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    await lon.send(new HeadBucketCommand({ Bucket }));
    const location = await lon.send(new GetBucketLocationCommand({ Bucket }));
    expect(location.LocationConstraint ?? '').toBe('');
    await expect(lon.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketNotEmpty',
    });
    await expect(nyc.send(new CreateBucketCommand({ Bucket: 'No_Name' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    await nyc.send(new CreateBucketCommand({ Bucket: 'other' }));
    await lon.send(new DeleteBucketCommand({ Bucket: 'other' }));
    await expect(nyc.send(new HeadBucketCommand({ Bucket: 'other' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('have tags, and say of what nobody set that it is not there', async () => {
    const Tagging = { TagSet: [{ Key: 'team', Value: 'blue' }] };
    await nyc.send(new PutBucketTaggingCommand({ Bucket, Tagging }));
    expect(await lon.send(new GetBucketTaggingCommand({ Bucket }))).toMatchObject(Tagging);
    await expect(lon.send(new GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchCORSConfiguration',
    });
    await expect(lon.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchBucketPolicy',
    });
    await expect(
      lon.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' })),
    ).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});

describe('requests without a key', () => {
  it('are refused, until the bucket may be read by anybody, and then read only', async () => {
    expect(await status('lon', '/docs/a')).toBe(403);
    expect(await status('lon', '/docs/none')).toBe(403);
    expect(await status('lon', '/none/a')).toBe(403);
    expect(await status('lon', '/')).toBe(403);
    await nyc.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }));
    const response = await fetch(`${sites.url('lon')}/docs/a`);
    expect(await response.text()).toBe('hello');
    expect(await status('lon', '/docs?list-type=2')).toBe(200);
    expect(await status('lon', '/docs/none')).toBe(404);
    expect(await status('lon', '/docs/b', { method: 'PUT', body: 'x' })).toBe(403);
    expect(await status('lon', '/docs/a', { method: 'DELETE' })).toBe(403);
    const acl = await nyc.send(new GetBucketAclCommand({ Bucket }));
    expect(acl.Grants).toHaveLength(2);
    await lon.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
    expect(await status('nyc', '/docs/a')).toBe(403);
  });

  it('are good with a presigned URL, until the key is revoked', async () => {
    const key = await sites.key([{ buckets: 'docs', level: 'write' }]);
    const client = sites.client('nyc', key);
    const read = await getSignedUrl(client, new GetObjectCommand({ Bucket, Key: 'a' }));
    const write = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'signed' }));
    expect(await (await fetch(read)).text()).toBe('hello');
    expect((await fetch(write, { method: 'PUT', body: 'mine' })).status).toBe(200);
    expect((await fetch(read.replace('docs/a', 'docs/b'))).status).toBe(403);
    await sites.cluster.at('lon').keys.revoke(key.accessKeyId);
    const late = await fetch(read);
    expect(late.status).toBe(403);
    expect(await late.text()).toContain('<Code>InvalidAccessKeyId</Code>');
  });
});

describe('pages of other origins', () => {
  it('may do what the rules of the bucket say', async () => {
    const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'PUT' };
    const ask = () => fetch(`${sites.url('lon')}/docs/a`, { method: 'OPTIONS', headers });
    expect((await ask()).status).toBe(403);
    const rule = {
      AllowedOrigins: ['https://*.example'],
      AllowedMethods: ['PUT', 'GET'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag'],
      MaxAgeSeconds: 60,
    };
    const CORSConfiguration = { CORSRules: [rule] };
    await nyc.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }));
    expect(await lon.send(new GetBucketCorsCommand({ Bucket }))).toMatchObject(CORSConfiguration);
    const allowed = await ask();
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-max-age')).toBe('60');
    const foreign = { ...headers, Origin: 'https://elsewhere.test' };
    const other = await fetch(`${sites.url('lon')}/docs/a`, {
      method: 'OPTIONS',
      headers: foreign,
    });
    expect(other.status).toBe(403);
    await nyc.send(new DeleteBucketCorsCommand({ Bucket }));
    expect((await ask()).status).toBe(403);
  });
});
