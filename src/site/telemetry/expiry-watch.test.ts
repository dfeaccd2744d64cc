import { describe, expect, it } from 'vitest';
import { TestAuthority, TestCredentials } from '../../certificates/test-certificates.js';
import { ExpiryWatch } from './expiry-watch.js';

const DAY_MS = 86_400_000;
const cluster = new TestAuthority('c');

function watched(days: number) {
  const told: string[] = [];
  let nowMs = Date.now();
  const watch = new ExpiryWatch(
    (message, { level } = {}) => void told.push(`${level}: ${message}`),
    () => nowMs,
  );
  const source = new TestCredentials(cluster.site('nyc', { days }));
  watch.add('site', source);
  const lookAfter = (days: number): string[] => {
    nowMs += days * DAY_MS;
    watch.look();
    return told.splice(0);
  };
  return { watch, source, lookAfter, told };
}

describe('the watch over certificates', () => {
  it('tells from 14 days before one expires, once a day, and louder afterwards', () => {
    const { watch, lookAfter } = watched(15);
    expect(lookAfter(0.5)).toEqual([]);
    expect(lookAfter(1)).toEqual([expect.stringMatching(/^warn: the site certificate expires on/)]);
    expect(lookAfter(0.5)).toEqual([]);
    expect(lookAfter(0.5)).toHaveLength(1);
    expect(lookAfter(14)).toEqual([expect.stringMatching(/^error: .* has expired on/)]);
    watch.stop();
  });

  it('tells at once of one that expires soon, and no more once it was renewed', () => {
    const { watch, source, lookAfter, told } = watched(3);
    expect(told.splice(0)).toEqual([expect.stringContaining('quorate cert renew')]);
    source.replace(cluster.site('nyc', { days: 300 }));
    expect(lookAfter(2)).toEqual([]);
    const { expiresMs } = watch.list()[0]!;
    expect(expiresMs - Date.now()).toBeGreaterThan(299 * DAY_MS);
    watch.stop();
  });

  it('knows the authority that signed, among others of the same file', () => {
    const other = new TestAuthority('c');
    const credentials = cluster.site('nyc');
    const source = new TestCredentials({ ...credentials, ca: other.pem + cluster.pem });
    const watch = new ExpiryWatch(() => undefined);
    watch.add('site', source);
    expect(watch.list().map(({ what }) => what)).toEqual(['site', 'authority']);
    watch.add('client', new TestCredentials({ ...cluster.site('nyc'), ca: null }));
    expect(watch.list().map(({ what }) => what)).toEqual(['site', 'authority', 'client']);
    watch.stop();
  });

  it('tells the certificate for a coordinator with an authority of its own apart', () => {
    const { watch, told } = watched(100);
    const etcd = new TestAuthority('etcd');
    watch.add('coordinator', new TestCredentials(etcd.site('nyc', { days: 3 })));
    expect(watch.list().map(({ what }) => what)).toEqual([
      'site',
      'authority',
      'coordinator',
      'coordinator-authority',
    ]);
    expect(told).toEqual([
      expect.stringMatching(
        /^warn: the certificate for the coordinator expires on .*: put a new one in its place$/,
      ),
    ]);
    watch.stop();
  });
});
