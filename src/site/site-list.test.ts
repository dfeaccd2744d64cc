import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SiteRetired } from './start-failure.js';
import { eventually, RunningSites } from './test-running-sites.js';

let sites: RunningSites;

beforeEach(async () => {
  sites = await RunningSites.start();
  const made = await sites.at('nyc').service.createBucket('docs');
  expect(made.outcome).toBe('committed');
});

afterEach(() => sites.close());

async function put(site: string, name: string, content: string | Uint8Array): Promise<void> {
  const bytes = Buffer.from(content);
  async function* body(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(bytes);
  }
  const outcome = await sites.at(site).service.write(name, body());
  if (outcome.outcome !== 'committed') throw new Error(JSON.stringify(outcome));
}

async function get(site: string, name: string): Promise<string> {
  const opened = await sites.at(site).service.open(name, { consistency: 'strong' });
  if (!opened.ok) return `${opened.reason}: ${opened.message}`;
  const parts: Uint8Array[] = [];
  for await (const part of opened.body()) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

function deskAt(site: string) {
  const { siteChanges } = sites.at(site).service;
  if (siteChanges === null) throw new Error('no desk');
  return siteChanges;
}

const statusAt = (site: string) => sites.at(site).service.cluster();

async function isDone(what: string): Promise<void> {
  await eventually(what, () => sites.names.every((site) => statusAt(site).change === null));
}

/** With each of them away in turn the others write. */
async function writesWithout(each: readonly string[]): Promise<void> {
  for (const away of each) {
    const [near = '', far = ''] = each.filter((site) => site !== away);
    await sites.stop(away);
    await put(near, 'docs/file.txt', `without ${away}`);
    expect(await get(far, 'docs/file.txt')).toBe(`without ${away}`);
    await sites.run(away);
    expect(await get(away, 'docs/file.txt')).toBe(`without ${away}`);
  }
}

describe('a store whose sites change', () => {
  it('fills a fourth site and counts on it, then goes on without one of the first', async () => {
    const large = randomBytes(3_000_000);
    await put('nyc', 'docs/large.bin', large);
    for (let number = 0; number < 50; number += 1) await put('tor', `docs/${number}`, `${number}`);
    const place = await sites.placeOf('fra');
    await expect(sites.run('fra')).rejects.toMatchObject({ reason: 'not_a_site' });
    expect(await deskAt('tor').add(place)).toMatchObject({ ok: true });
    expect(await deskAt('nyc').add(place)).toMatchObject({ reason: 'change_under_way' });
    await sites.run('fra');
    await isDone('fra is one of them');
    await eventually('every log says so', () =>
      sites.names.every((site) => {
        const { replicas, writeQuorum, sites: all } = statusAt(site);
        return replicas === 4 && writeQuorum === 3 && all.every(({ alive }) => alive);
      }),
    );
    expect(await get('fra', 'docs/49')).toBe('49');
    expect(await get('fra', 'docs/large.bin')).toBe(large.toString('latin1'));
    await put('fra', 'docs/file.txt', 'by fra');
    expect(await get('lon', 'docs/file.txt')).toBe('by fra');

    expect(await deskAt('nyc').remove('tor', false)).toMatchObject({
      reason: 'site_is_home',
      message: expect.stringContaining('tor (next: nyc)'),
    });
    const leaving = sites.at('tor');
    expect(await deskAt('nyc').remove('tor', true)).toMatchObject({ ok: true });
    await expect(leaving.failed).resolves.toBeInstanceOf(SiteRetired);
    await sites.stop('tor');
    await isDone('tor is out');
    await expect(sites.run('tor')).rejects.toMatchObject({ reason: 'not_a_site' });
    await eventually('every log says so', () =>
      sites.names.every((site) => {
        const { replicas, writeQuorum, sites: all, shards } = statusAt(site);
        const homes = new Set(shards.map(({ home }) => home));
        return replicas === 3 && writeQuorum === 2 && all.length === 3 && !homes.has('tor');
      }),
    );
    // Each of them restarts with a configuration that names tor and not fra.
    await writesWithout(['nyc', 'lon', 'fra']);
  }, 60_000);

  it('refuses what could not keep its promises, with the arithmetic', async () => {
    expect(await deskAt('nyc').remove('lon', true)).toMatchObject({
      reason: 'too_few_sites',
      message: expect.stringMatching(/2 of 3 sites: W = 2 of N = 2.*use N = 3/),
    });
    expect(await deskAt('nyc').remove('fra', false)).toMatchObject({ reason: 'unknown_site' });
    const place = await sites.placeOf('lon');
    expect(await deskAt('nyc').add(place)).toMatchObject({ reason: 'site_exists' });
    expect(await deskAt('nyc').giveUp('fra')).toMatchObject({ reason: 'nothing_to_cancel' });
  });

  it('gives up a site that never comes', async () => {
    const place = await sites.placeOf('fra');
    expect(await deskAt('nyc').add(place)).toMatchObject({ ok: true });
    expect(await deskAt('lon').giveUp('sin')).toMatchObject({ reason: 'change_under_way' });
    expect(await deskAt('lon').giveUp('fra')).toMatchObject({ ok: true });
    await isDone('fra is not waited for');
    await expect(sites.run('fra')).rejects.toMatchObject({ reason: 'not_a_site' });
    await put('nyc', 'docs/file.txt', 'as before');
    expect(await get('lon', 'docs/file.txt')).toBe('as before');
  });
});
