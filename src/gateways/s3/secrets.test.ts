import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuditLog, DEFAULT_AUDIT } from '../../site/access/audit-log.js';
import { TestSites } from './test-sites.js';

/* Whatever is done with keys over S3, rightly or wrongly: neither they nor what opens a file is kept. */

let folder: string;
let audit: AuditLog;
let sites: TestSites;
const reports: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-s3-secrets-'));
  const settings = { ...DEFAULT_AUDIT, reads: true };
  audit = await AuditLog.open('nyc', folder, settings, (message) => void reports.push(message));
  sites = await TestSites.start({ audit });
});

afterAll(async () => {
  await sites.stop();
  await rm(folder, { recursive: true });
});

async function written(): Promise<string> {
  await audit.flush();
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.join('');
}

it('no secret, signature or presigned URL is in the audit log, an answer or a report', async () => {
  const key = await sites.key();
  const { accessKeyId, secretAccessKey } = key;
  await sites.cluster.at('nyc').createBucket('docs');
  const right = sites.client('nyc', key);
  const wrong = sites.client('nyc', { accessKeyId, secretAccessKey: `${secretAccessKey}x` });
  const unknown = sites.client('nyc', {
    accessKeyId: secretAccessKey.slice(0, 20),
    secretAccessKey,
  });
  await right.send(new PutObjectCommand({ Bucket: 'docs', Key: 'a', Body: 'x' }));
  const answers: string[] = [];
  const fetched = async (url: string, init: RequestInit = {}): Promise<number> => {
    const answer = await fetch(url, init);
    answers.push(await answer.text(), JSON.stringify([...answer.headers]));
    return answer.status;
  };
  const refused = async (client: typeof right): Promise<void> => {
    const put = new PutObjectCommand({ Bucket: 'docs', Key: 'a', Body: 'y' });
    const error: unknown = await client.send(put).then(
      () => null,
      (failure: unknown) => failure,
    );
    expect(error).not.toBeNull();
    answers.push(String(error), JSON.stringify(error));
  };
  await refused(wrong);
  await refused(unknown);
  const get = new GetObjectCommand({ Bucket: 'docs', Key: 'a' });
  const url = await getSignedUrl(right, get, { expiresIn: 60 });
  const signature = new URL(url).searchParams.get('X-Amz-Signature') ?? '';
  expect(signature).toHaveLength(64);
  expect(await fetched(url)).toBe(200);
  expect(await fetched(url, { method: 'DELETE' })).toBe(403);
  expect(await fetched(await getSignedUrl(wrong, get, { expiresIn: 60 }))).toBe(403);
  expect(
    await fetched(`${sites.url('nyc')}/docs/a`, {
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}.${secretAccessKey}` },
    }),
  ).toBe(400);

  const log = await written();
  const mistakes = sites.mistakes.map(String).join();
  for (const secret of [secretAccessKey, signature, 'X-Amz-']) {
    expect(log).not.toContain(secret);
    expect(`${reports.join()}${mistakes}`).not.toContain(secret);
  }
  expect(answers.join()).not.toContain(secretAccessKey);
  // What was done is there all the same.
  expect(log).toContain(`"who":"${accessKeyId}"`);
  expect(log).toContain('"outcome":"refused"');
});
