import { describe, expect, it } from 'vitest';
import { MemoryFileService } from '../gateways/memory-file-service.js';
import { ClusterAnswer } from '../client/answers.js';
import { certificateLines, changeLines, type SiteView } from './status-screen.js';

/** nyc's view of a cluster in which fra is so far behind in each shard, which nyc is primary of. */
function views(kind: string, state: string, behindEntries: number): SiteView[] {
  const status = new MemoryFileService().cluster();
  const replica = { site: 'fra', connected: true, behindEntries, state: 'catching_up' };
  const shards = status.shards.map((shard) => ({
    ...shard,
    primary: 'nyc',
    role: 'primary',
    replicas: [replica],
  }));
  const cluster = ClusterAnswer.parse({ ...status, shards, change: { kind, site: 'fra', state } });
  return [{ endpoint: { site: 'nyc', url: 'http://nyc' }, cluster }];
}

function told(kind: string, state: string, behindEntries = 0): string {
  const all = views(kind, state, behindEntries);
  return changeLines(all[0]!.cluster!, all).join('');
}

describe('how far a change of sites is', () => {
  it('counts what a new site has yet to get', () => {
    expect(told('add', 'preparing', 1000)).toBe(
      "fra is being added: it has what 0 of 3 sites' files are made of, 3,000 log entries are to come.",
    );
    expect(told('add', 'preparing', 5)).toContain('it has what 3 of 3');
    expect(told('add', 'configuring')).toContain('the others are told that it counts');
    expect(told('replace', 'preparing', 1000)).toContain('is being replaced by another machine');
  });

  it('says what a site that leaves is doing', () => {
    expect(told('remove', 'preparing')).toBe(
      'fra is being removed: it hands over what it is primary of.',
    );
    expect(told('remove', 'settling')).toContain('the others are told to go on without it');
  });
});

it('certificates that end within 14 days are told of, others not', () => {
  const [view] = views('add', 'preparing', 0);
  const days = (count: number): number => count * 86_400_000;
  const certificates = [
    { what: 'site', expiresMs: days(13.5) },
    { what: 'authority', expiresMs: days(14.5) },
    { what: 'client', expiresMs: days(-1) },
    { what: 'coordinator', expiresMs: days(3) },
  ];
  const told = [{ ...view!, cluster: { ...view!.cluster!, certificates } }];
  expect(certificateLines(told, 0)).toEqual([
    '',
    'nyc: the site certificate expires in 13 days: quorate cert renew',
    'nyc: the client certificate has expired: quorate cert renew',
    'nyc: the coordinator certificate expires in 3 days: put a new one in its place',
  ]);
  expect(certificateLines(views('add', 'preparing', 0), 0)).toEqual([]);
});
