import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AccessKeys } from './access-keys.js';
import { permits } from './access/rights.js';
import { TestCluster } from './test-cluster.js';

let cluster: TestCluster;
let keys: AccessKeys;

beforeEach(async () => {
  cluster = await new TestCluster().ready();
  ({ keys } = cluster.at('nyc'));
});
afterEach(() => cluster.stop());

it('a key is known at every site at once, and refused at every site once it is revoked', async () => {
  const made = await keys.create('laptop', [{ buckets: 'docs', level: 'write' }]);
  if (!made.ok) throw new Error(made.message);
  const { id, secret } = made.key;
  expect(id).toMatch(/^QK[A-Z2-7]{18}$/);
  const far = cluster.at('lon').keys;
  expect(await far.find(id)).toMatchObject({ key: { secret, note: 'laptop' } });
  expect(await far.list()).toMatchObject({ keys: [{ id, note: 'laptop' }] });
  expect(JSON.stringify(await far.list())).not.toContain(secret);
  expect(await cluster.at('tor').keys.revoke(id)).toMatchObject({ ok: true });
  for (const site of ['nyc', 'tor', 'lon']) {
    expect(await cluster.at(site).keys.find(id)).toEqual({ ok: true, key: null });
  }
  expect(await keys.revoke(id)).toMatchObject({ reason: 'no_such_key' });
});

it('rights change one by one, also by two at once', async () => {
  const made = await keys.create('', []);
  if (!made.ok) throw new Error(made.message);
  const { id } = made.key;
  await Promise.all([
    keys.allow(id, 'a-*', 'read'),
    cluster.at('lon').keys.allow(id, 'b-bucket', 'owner'),
  ]);
  await keys.allow(id, 'a-*', null);
  const found = await keys.find(id);
  expect(found.ok && found.key?.rights).toEqual([{ buckets: 'b-bucket', level: 'owner' }]);
  expect(await keys.allow(id, 'Not A Bucket', 'read')).toMatchObject({ reason: 'invalid_right' });
  expect(await keys.allow('QKNONE', 'a', 'read')).toMatchObject({ reason: 'no_such_key' });
});

it('a right goes for the buckets it names and for what lies below its level', () => {
  const rights = [
    { buckets: 'docs', level: 'write' },
    { buckets: 'team-*', level: 'read' },
  ] as const;
  expect(permits(rights, 'docs', 'read')).toBe(true);
  expect(permits(rights, 'docs', 'write')).toBe(true);
  expect(permits(rights, 'docs', 'owner')).toBe(false);
  expect(permits(rights, 'docs2', 'read')).toBe(false);
  expect(permits(rights, 'team-x', 'read')).toBe(true);
  expect(permits(rights, 'team-x', 'write')).toBe(false);
  expect(permits([{ buckets: '*', level: 'owner' }], 'any', 'owner')).toBe(true);
});
