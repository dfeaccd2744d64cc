import { describe, expect, it } from 'vitest';
import type { SiteConfig } from '../site/site-config.js';
import { readSiteConfig, siteConfigText } from './site-config.js';
import { planSites } from './up/cluster-plan.js';

const [embedded] = planSites({
  dataFolder: '/data',
  clusterId: 'c1',
  basePort: 7400,
  wan: {},
  fsync: true,
});
const config: SiteConfig = {
  ...embedded!,
  coordinator: {
    etcd: {
      endpoints: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379', 'https://10.0.0.3:2379'],
      prefix: '/store/',
      tls: { caFile: '/etc/q/ca.pem', certFile: '/etc/q/nyc.pem', keyFile: '/etc/q/nyc.key' },
    },
  },
};
const text = siteConfigText(config);

function faultOf(from: string | RegExp, to: string): string {
  const read = readSiteConfig(text.replace(from, to), 'nyc.toml');
  return read.ok ? 'no fault' : read.message;
}

function lineWith(part: string): number {
  return text.split('\n').findIndex((line) => line.includes(part)) + 1;
}

describe('[coordinator.etcd] of a site', () => {
  it('is read back as it was written', () => {
    expect(text).toContain('[coordinator.etcd]');
    expect(readSiteConfig(text, 'nyc.toml')).toEqual({ ok: true, config });
  });

  it('takes files from beside the configuration, and a prefix when none is given', () => {
    const changed = text.replace('/etc/q/ca.pem', 'ca.pem').replace('prefix = "/store/"\n', '');
    const read = readSiteConfig(changed, 'nyc.toml', '/srv/quorate');
    expect(read.ok && read.config.coordinator).toMatchObject({
      etcd: { prefix: '/quorate/', tls: { caFile: '/srv/quorate/ca.pem' } },
    });
  });

  it('excludes the coordinator of one machine', () => {
    const both = faultOf('[coordinator.etcd]', '[coordinator]\nurl = "http://127.0.0.1:1"\n$&');
    expect(both).toMatch(/^nyc\.toml:\d+: coordinator\.url: either this/);
    const neither = faultOf(/\[coordinator\.etcd\][^[]*\[[^[]*\n\n/, '[coordinator]\n\n');
    expect(neither).toMatch(/^nyc\.toml:\d+: coordinator: expected url/);
  });

  it.each([
    ['https://10.0.0.2:2379', 'http://10.0.0.2:2379', 'endpoints.1: all endpoints are https'],
    ['https://10.0.0.2:2379', 'https://10.0.0.1:2379', 'endpoints.1: https://10.0.0.1:2379 is nam'],
    ['https://10.0.0.2:2379', 'https://10.0.0.2/v3', 'endpoints.1: expected http'],
    ['https://10.0.0.2:2379', '10.0.0.2:2379', 'endpoints.1: '],
    [/https:/g, 'http:', 'endpoints.0: http://10.0.0.1:2379 is another machine'],
    [/https:\S*(\d):/g, 'http://127.0.0.$1:', 'ca_file: certificates are used with https'],
    ['"/store/"', '"store"', 'prefix: expected up to 200 characters'],
    [/key_file = "\/etc.*\n/, '', 'key_file: a certificate and its key'],
    ['prefix =', 'prefixes =', 'prefixes: unknown key'],
  ])('with %s for %s is refused by name', (from, to, fault) => {
    expect(faultOf(from, to)).toContain(`coordinator.etcd.${fault}`);
  });

  it('names the line of an endpoint', () => {
    const line = lineWith('endpoints =');
    expect(faultOf('https://10.0.0.2:2379', 'x')).toContain(`nyc.toml:${line}: coordinator.etcd.`);
  });
});
