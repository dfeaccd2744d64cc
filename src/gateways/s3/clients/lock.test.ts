import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestSites } from '../test-sites.js';

/* A lock as OpenTofu and Terraform keep it: one object, made only if it is not there. */

const Bucket = 'state';
const CLIENTS_PER_SITE = 8;

let sites: TestSites;
let clients: S3Client[];

beforeEach(async () => {
  sites = await TestSites.start();
  const key = await sites.key();
  clients = ['nyc', 'tor', 'lon'].flatMap((site) =>
    Array.from({ length: CLIENTS_PER_SITE }, () => sites.client(site, key)),
  );
  await clients[0]!.send(new CreateBucketCommand({ Bucket }));
  await clients[0]!.send(new PutObjectCommand({ Bucket, Key: 'count', Body: '0' }));
});

afterEach(async () => {
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

async function locked(client: S3Client, owner: string): Promise<boolean> {
  try {
    const lock = { Bucket, Key: 'lock', Body: owner, IfNoneMatch: '*' };
    await client.send(new PutObjectCommand(lock));
    return true;
  } catch (error) {
    expect((error as Error).name).toBe('PreconditionFailed');
    return false;
  }
}

it('many clients at all sites hold a lock one after the other and never two at once', async () => {
  const held: string[] = [];
  let holders = 0;
  let refused = 0;
  const count = { Bucket, Key: 'count' };
  const hold = async (client: S3Client, owner: string): Promise<void> => {
    holders += 1;
    expect(holders).toBe(1);
    const lock = await client.send(new GetObjectCommand({ Bucket, Key: 'lock' }));
    expect(await lock.Body?.transformToString()).toBe(owner);
    const { Body, ETag } = await client.send(new GetObjectCommand(count));
    expect(await Body?.transformToString()).toBe(String(held.length));
    held.push(owner);
    const next = { ...count, Body: String(held.length), IfMatch: ETag };
    await client.send(new PutObjectCommand(next));
    holders -= 1;
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'lock' }));
  };
  let waiting = clients.map((client, index) => ({ client, owner: `client ${index}` }));
  // The lock is free when a round begins, so each round somebody gets it.
  for (let round = 1; waiting.length > 0; round += 1) {
    expect(round).toBeLessThanOrEqual(clients.length);
    const tried = await Promise.all(
      waiting.map(async ({ client, owner }) => {
        const isHeld = await locked(client, owner);
        if (isHeld) await hold(client, owner);
        return isHeld;
      }),
    );
    expect(tried).toContain(true);
    refused += tried.filter((isHeld) => !isHeld).length;
    waiting = waiting.filter((_, index) => !tried[index]);
  }
  expect(refused).toBeGreaterThan(0);
  expect(new Set(held).size).toBe(clients.length);
  for (const client of clients) {
    const { Body } = await client.send(new GetObjectCommand(count));
    expect(await Body?.transformToString()).toBe(String(clients.length));
  }
});

it('whoever lost the lock long ago cannot write over the state', async () => {
  const [first, second] = clients as [S3Client, S3Client];
  const { ETag } = await first.send(new GetObjectCommand({ Bucket, Key: 'count' }));
  await second.send(new PutObjectCommand({ Bucket, Key: 'count', Body: '1', IfMatch: ETag }));
  const stale = { Bucket, Key: 'count', Body: 'stale', IfMatch: ETag };
  await expect(first.send(new PutObjectCommand(stale))).rejects.toMatchObject({
    name: 'PreconditionFailed',
  });
});
