import { describe, expect, it } from 'vitest';
import { DEFAULT_WAN, planSites } from './up/cluster-plan.js';
import { readSiteConfig, siteConfigText } from './site-config.js';

const [nyc] = planSites({
  dataFolder: '/data',
  clusterId: 'c1',
  basePort: 7400,
  wan: DEFAULT_WAN,
  fsync: true,
});
const text = siteConfigText(nyc!);

function faultOf(change: (text: string) => string): string {
  const read = readSiteConfig(change(text), 'nyc.toml');
  return read.ok ? 'no fault' : read.message;
}

function lineWith(part: string): number {
  return text.split('\n').findIndex((line) => line.includes(part)) + 1;
}

describe('the configuration of a site', () => {
  it('is read back as it was written', () => {
    expect(readSiteConfig(text, 'nyc.toml')).toEqual({ ok: true, config: nyc });
    const upkeep = {
      graceMs: 7_200_000,
      collectEveryMs: 3_600_000,
      scrubBytesPerSecond: 1_000_000,
      scrubEveryMs: 86_400_000,
    };
    const config = { ...nyc!, upkeep };
    expect(readSiteConfig(siteConfigText(config), 'nyc.toml')).toEqual({ ok: true, config });
  });

  it('that is no TOML is refused with line and column', () => {
    expect(faultOf((whole) => whole.replace('http_port = 7411', 'http_port = = 7411'))).toMatch(
      new RegExp(`^nyc\\.toml:${lineWith('http_port')}:\\d+: `),
    );
  });

  it('names the key and line of a value of the wrong kind', () => {
    const line = lineWith('http_port = 7411');
    expect(faultOf((whole) => whole.replace('http_port = 7411', 'http_port = "x"'))).toMatch(
      new RegExp(`^nyc\\.toml:${line}: http_port: .*expected number`),
    );
  });

  it('names an unknown key', () => {
    const line = lineWith('write_quorum');
    expect(faultOf((whole) => whole.replace('write_quorum', 'quorum'))).toContain(
      `nyc.toml:${line}: cluster.quorum: unknown key`,
    );
  });

  it('names a missing key', () => {
    expect(faultOf((whole) => whole.replace(/^peer_port.*\n/m, ''))).toMatch(/: peer_port: /);
  });

  it('refuses quorums that cannot keep the promise, with the arithmetic', () => {
    const fault = faultOf((whole) => whole.replace('write_quorum = 2', 'write_quorum = 1'));
    expect(fault).toContain(`nyc.toml:${lineWith('write_quorum')}: cluster.write_quorum: `);
    expect(fault).toContain('2 x 1 = 2 is not greater than 3');
  });

  it('names every fault at once', () => {
    const faults = faultOf((whole) =>
      whole.replace('format = 1', 'format = 9').replace('http_port = 7411', 'http_port = 0'),
    );
    expect(faults.split('\n')).toHaveLength(2);
  });

  it('refuses a site that the cluster does not have, and one without a peer', () => {
    expect(faultOf((whole) => whole.replace('site = "nyc"', 'site = "par"'))).toContain(
      'site: "par" is not among cluster.sites',
    );
    const second = lineWith('site = "lon"');
    expect(faultOf((whole) => whole.replace('site = "lon"', 'site = "par"'))).toContain(
      `nyc.toml:${second}: peers.1.site: "par" is not among cluster.sites`,
    );
  });
});
