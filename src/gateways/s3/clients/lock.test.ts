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
const CLIENTS_PER_SITE = 4;
const TURNS_EACH = 2;

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
  let holders = 0;
  let most = 0;
  let refused = 0;
  const work = async (client: S3Client, index: number): Promise<void> => {
    for (let turn = 0; turn < TURNS_EACH; ) {
      if (!(await locked(client, `client ${index}`))) {
        refused += 1;
        continue;
      }
      holders += 1;
      most = Math.max(most, holders);
      const got = await client.send(new GetObjectCommand({ Bucket, Key: 'count' }));
      const count = Number(await got.Body?.transformToString());
      // The lock alone protects the count: the write itself has no condition.
      await client.send(new PutObjectCommand({ Bucket, Key: 'count', Body: String(count + 1) }));
      holders -= 1;
      await client.send(new DeleteObjectCommand({ Bucket, Key: 'lock' }));
      turn += 1;
    }
  };
  await Promise.all(clients.map(work));
  expect(most).toBe(1);
  expect(refused).toBeGreaterThan(0);
  const got = await clients.at(-1)!.send(new GetObjectCommand({ Bucket, Key: 'count' }));
  expect(await got.Body?.transformToString()).toBe(String(clients.length * TURNS_EACH));
});
