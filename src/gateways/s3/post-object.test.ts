import { CreateBucketCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestSites } from './test-sites.js';

let sites: TestSites;
let key: Awaited<ReturnType<TestSites['key']>>;

beforeEach(async () => {
  sites = await TestSites.start();
  key = await sites.key();
  await sites.client('nyc', key).send(new CreateBucketCommand({ Bucket: 'docs' }));
});

afterEach(async () => {
  await sites.stop();
  expect(sites.mistakes).toEqual([]);
});

/** A form as a page would hold it, with what its server signed. */
function signedForm(conditions: readonly unknown[], fields: Record<string, string>): FormData {
  const now = new Date();
  const stamp = `${now.toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const day = stamp.slice(0, 8);
  const signing = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${key.accessKeyId}/${day}/us-east-1/s3/aws4_request`,
    'x-amz-date': stamp,
  };
  const policy = Buffer.from(
    JSON.stringify({
      expiration: new Date(now.getTime() + 600_000).toISOString(),
      conditions: [
        ...conditions,
        ...Object.entries(signing).map(([name, value]) => ({ [name]: value })),
      ],
    }),
  ).toString('base64');
  const hmac = (secret: string | Buffer, text: string): Buffer =>
    createHmac('sha256', secret).update(text).digest();
  const dayKey = hmac(`AWS4${key.secretAccessKey}`, day);
  const signingKey = hmac(hmac(hmac(dayKey, 'us-east-1'), 's3'), 'aws4_request');
  const form = new FormData();
  const all = { ...fields, ...signing, policy };
  for (const [name, value] of Object.entries(all)) form.append(name, value);
  form.append('x-amz-signature', hmac(signingKey, policy).toString('hex'));
  return form;
}

async function post(form: FormData, text: string): Promise<Response> {
  form.append('file', new Blob([text], { type: 'text/plain' }), 'me.txt');
  return fetch(`${sites.url('lon')}/docs`, { method: 'POST', body: form });
}

const CONDITIONS = [
  { bucket: 'docs' },
  ['starts-with', '$key', 'up/'],
  ['starts-with', '$Content-Type', 'text/'],
  ['content-length-range', 1, 100],
  { success_action_status: '201' },
];
const FIELDS = {
  key: 'up/${filename}',
  'Content-Type': 'text/plain',
  success_action_status: '201',
};

it('a form within its policy becomes an object', async () => {
  const answer = await post(signedForm(CONDITIONS, FIELDS), 'from a browser');
  expect(answer.status).toBe(201);
  expect(await answer.text()).toContain('<Key>up/me.txt</Key>');
  const got = await sites
    .client('tor', key)
    .send(new GetObjectCommand({ Bucket: 'docs', Key: 'up/me.txt' }));
  expect(await got.Body?.transformToString()).toBe('from a browser');
  expect(got.ContentType).toBe('text/plain');
});

it('a form outside its policy, or of nobody, is refused and stores nothing', async () => {
  const elsewhere = await post(signedForm(CONDITIONS, { ...FIELDS, key: 'other' }), 'x');
  expect([elsewhere.status, await elsewhere.text()]).toEqual([
    403,
    expect.stringContaining('AccessDenied'),
  ]);
  const large = await post(signedForm(CONDITIONS, FIELDS), 'x'.repeat(101));
  expect([large.status, await large.text()]).toEqual([
    400,
    expect.stringContaining('EntityTooLarge'),
  ]);
  const unsigned = new FormData();
  unsigned.append('key', 'up/a');
  expect((await post(unsigned, 'x')).status).toBe(403);
  const listed = await sites.cluster.at('nyc').list({ bucket: 'docs' });
  expect(listed.ok && listed.files).toEqual([]);
});
