import { describe, expect, it } from 'vitest';
import { DEFAULT_CLIENT_LIMITS } from '../site/client-limits.js';
import { DEFAULT_WAN, planSites } from './up/cluster-plan.js';
import { FIRST_SITES } from './up/local-sites.js';
import { readSiteConfig, siteConfigText } from './site-config.js';

const PLAN = {
  dataFolder: '/data',
  clusterId: 'c1',
  basePort: 7400,
  wan: DEFAULT_WAN,
  fsync: true,
};
const [nyc] = planSites(PLAN);
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
    const limits = { ...DEFAULT_CLIENT_LIMITS, connectionsPerAddress: 7, bodyWindowMs: 5000 };
    const config = { ...nyc!, upkeep, limits };
    expect(readSiteConfig(siteConfigText(config), 'nyc.toml')).toEqual({ ok: true, config });
  });

  it('of a site that came later says so, and may know other sites than the first', () => {
    const places = [...FIRST_SITES.slice(1), { site: 'fra', displayName: 'Frankfurt', place: 3 }];
    const fra = planSites(PLAN, places).at(-1)!;
    const written = siteConfigText(fra);
    expect(written).toContain('added = true');
    expect(readSiteConfig(written, 'fra.toml')).toEqual({ ok: true, config: fra });
    expect(faultOf((whole) => whole.replace('format = 1', 'format = 1\nadded = true'))).toContain(
      'added: "nyc" is among cluster.sites',
    );
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

  it('takes what is not said of limits as usual, and none that stop everything', () => {
    const said = (limits: string): ReturnType<typeof readSiteConfig> =>
      readSiteConfig(`${text}\n[limits]\n${limits}\n`, 'nyc.toml');
    expect(said('connections = 5')).toMatchObject({
      config: { limits: { ...DEFAULT_CLIENT_LIMITS, connections: 5 } },
    });
    for (const key of ['connections', 'in_flight_bytes', 'body_bytes_per_second', 'silence_ms']) {
      expect(said(`${key} = 0`)).toMatchObject({ ok: false });
      expect(JSON.stringify(said(`${key} = 0`))).toContain(`limits.${key}`);
    }
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

  const tls = {
    caFile: '/etc/quorate/ca.pem',
    certFile: '/etc/quorate/site.pem',
    keyFile: '/etc/quorate/site.key',
    clients: 'plain',
    clientCertificate: { certFile: '/etc/quorate/web.pem', keyFile: '/etc/quorate/web.key' },
  } as const;

  it('keeps what it says of certificates', () => {
    const config = {
      ...nyc!,
      tls,
      host: '10.0.0.1',
      publicHost: 'nyc.example.org',
      openToAll: true as const,
      metricsOpen: true as const,
      telemetry: { otlpEndpoint: 'https://collector:4318', samplingRatio: 0.5 },
    };
    expect(readSiteConfig(siteConfigText(config), 'nyc.toml')).toEqual({ ok: true, config });
  });

  it('may name files by paths relative to its own folder', () => {
    const relative = siteConfigText({ ...nyc!, tls }).replaceAll('/etc/quorate/', '');
    const read = readSiteConfig(relative, 'nyc.toml', '/etc/quorate');
    expect(read).toEqual({ ok: true, config: { ...nyc!, tls } });
  });

  it.each(['10.0.0.1', '0.0.0.0', '::', 'nyc.example.org'])(
    'refuses to listen for other sites on %s without certificates',
    (host) => {
      const fault = faultOf((whole) => whole.replace('host = "127.0.0.1"', `host = "${host}"`));
      expect(fault).toMatch(
        new RegExp(`^nyc\\.toml:${lineWith('host = ')}: host: .*add \\[tls\\]`),
      );
    },
  );

  it('refuses to speak in the clear with a site on another machine', () => {
    const fault = faultOf((whole) =>
      whole.replace(/(site = "tor"[^[]*\nhost = )"127.0.0.1"/, '$1"10.0.0.2"'),
    );
    expect(fault).toMatch(/^nyc\.toml:\d+: peers\.0\.host: "10\.0\.0\.2" is another machine/);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])(
    'takes %s without certificates',
    (host) => {
      expect(faultOf((whole) => whole.replace('host = "127.0.0.1"', `host = "${host}"`))).toBe(
        'no fault',
      );
    },
  );

  it('refuses a coordinator of one machine that is on another', () => {
    const fault = faultOf((whole) => whole.replace(/^url = .*/m, 'url = "http://10.0.0.1:7400"'));
    expect(fault).toContain('coordinator.url: http://10.0.0.1:7400 is spoken to in the clear');
  });

  it('refuses to be open to other machines unless that is said, and says what to do', () => {
    const away = { ...nyc!, tls, host: '10.0.0.1' };
    const said = (config: typeof away & { adminKeyHash?: string; openToAll?: true }): string => {
      const read = readSiteConfig(siteConfigText(config), 'nyc.toml');
      return read.ok ? 'no fault' : read.message;
    };
    expect(said(away)).toMatch(/^nyc\.toml:\d+: host: whoever reaches "10\.0\.0\.1" could .*hash/);
    expect(said(away)).toContain('open_to_all = true');
    const adminKeyHash = `sha256:${'0'.repeat(64)}`;
    expect(said({ ...away, adminKeyHash })).toBe('no fault');
    expect(said({ ...away, openToAll: true })).toBe('no fault');
    expect(said({ ...away, adminKeyHash, openToAll: true })).toContain('remove one of the two');
  });

  it('refuses a certificate for clients without its key', () => {
    const lonely = siteConfigText({ ...nyc!, tls }).replace(/^client_key_file.*\n/m, '');
    const read = readSiteConfig(lonely, 'nyc.toml');
    expect(read.ok ? '' : read.message).toContain('tls.client_key_file: a certificate and its key');
  });
});
