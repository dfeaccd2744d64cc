import { describe, expect, it } from 'vitest';
import { MemoryFileService } from '../../gateways/memory-file-service.js';
import { listen } from '../../gateways/native-http/server.js';
import { ClientWatch } from '../../site/telemetry/client-watch.js';
import { EventRing } from '../../site/telemetry/event-ring.js';
import { type Histogram, MetricRegistry } from '../../site/telemetry/metric-registry.js';
import type { GatewayTelemetry } from '../../site/telemetry/site-telemetry.js';
import { tryCommand } from '../trial.js';
import { readMetrics } from './metric-samples.js';
import { PageChange } from './page-change.js';
import { siteFigures } from './site-figures.js';
import { type SiteNow, topScreen } from './top-screen.js';

const change = (before: string, after: string, seconds = 2): PageChange =>
  new PageChange(readMetrics(before, 0), readMetrics(after, seconds * 1000));

async function run(words: string, telemetry?: GatewayTelemetry) {
  const place = { site: 'nyc', host: '127.0.0.1', port: 0 };
  const server = await listen(new MemoryFileService(), { ...place, telemetry });
  const ran = await tryCommand([...words.split(' '), '--sites', `nyc=${server.url}`], {});
  await server.close(0);
  return ran;
}

/** A site that has answered one write more each time it is asked. */
function counting(): GatewayTelemetry {
  const registry = new MetricRegistry();
  const writes = registry.histogram('quorate_write_duration_seconds', 'native', 'committed');
  return {
    begin: () => {
      throw new Error('there are no objects here');
    },
    ended: () => undefined,
    metrics: () => {
      writes.observe(0.04);
      return registry.text();
    },
    readiness: () => ({ ready: true, reasons: [] }),
    clients: new ClientWatch(registry),
    events: new EventRing(),
  };
}

describe('quorate top', () => {
  it('shows once, as a screen or as JSON, what happened since it began', async () => {
    const shown = await run('top --once --interval 0.1', counting());
    expect(shown.exit).toBe(0);
    expect(shown.out).toMatch(/^nyc .* 50 \/ 50/m);
    const { exit, out } = await run('top --once --json --interval 0.1', counting());
    expect(exit).toBe(0);
    const { sites } = JSON.parse(out) as { sites: SiteNow[] };
    expect(sites[0]?.figures?.operations.write).toMatchObject({ count: 1, p50: 50 });
  });

  it('says why it cannot, and refuses a time that is none', async () => {
    expect(await run('top --once')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('[not_offered]') as string,
    });
    const refused = await run('top --interval never', counting());
    expect(refused.err).toContain('--interval never: it has to be 0.1 to 3600 seconds');
  });
});

describe('a page of metrics', () => {
  it('is read as it is written, label values with quotes and lines among them', () => {
    const text =
      '# HELP x y\nx{a="1,\\"2\\"\\n",b="c\\\\"} 3\ny 1.5\nz{le="+Inf"} +Inf\nnot one\nw x\n';
    const { samples } = readMetrics(text, 0);
    expect([...samples.keys()]).toEqual(['x', 'y', 'z']);
    expect(samples.get('x')?.[0]).toMatchObject({ labels: { a: '1,"2"\n', b: 'c\\' }, value: 3 });
    expect(samples.get('y')?.[0]?.value).toBe(1.5);
    expect(samples.get('z')?.[0]?.value).toBe(Number.POSITIVE_INFINITY);
  });

  it('is compared with the one before, added up over other labels', () => {
    const counted = change(
      'x{a="1",b="1"} 1\nx{a="1",b="2"} 2',
      'x{a="1",b="1"} 5\nx{a="1",b="2"} 4\nx{a="2"} 9',
    );
    expect(counted.grown('x', { a: '1' })).toBe(6);
    expect(counted.perSecond('x')).toBe(7.5);
    expect(counted.perSecondBy('x', 'a')).toEqual([
      ['2', 4.5],
      ['1', 3],
    ]);
    expect(counted.now('x', { b: '2' })).toBe(4);
  });

  it('of a site that was started anew counts from its start', () => {
    const started = (at: number, count: number): string =>
      `process_start_time_seconds ${at}\nx ${count}`;
    expect(change(started(1, 100), started(2, 150)).grown('x')).toBe(150);
    expect(change(started(1, 100), started(1, 150)).grown('x')).toBe(50);
  });
});

describe('the figures of a site', () => {
  it('are those of what happened in between alone', () => {
    const registry = new MetricRegistry();
    const reads = (): Histogram =>
      registry.histogram('quorate_read_duration_seconds', 'native', 'lease');
    reads().observe(9, 1000);
    const before = registry.text();
    reads().observe(0.0008, 98);
    reads().observe(0.02, 2);
    registry.histogram('quorate_read_duration_seconds', 's3', 'fetched').observe(60);
    registry.counter('quorate_commits_total', 'nyc').add(30);
    const {
      operations,
      reads: by,
      commitsPerSecond,
    } = siteFigures(change(before, registry.text()));
    expect(operations.read).toEqual({ count: 101, perSecond: 50.5, p50: 1, p99: 25 });
    expect(by.lease).toEqual({ count: 100, perSecond: 50, p50: 1, p99: 25 });
    expect(by.fetched.p99).toBe(Number.POSITIVE_INFINITY);
    expect(by.local).toEqual({ count: 0, perSecond: 0, p50: null, p99: null });
    expect(commitsPerSecond).toBe(15);
  });

  it('tell the share of strong reads that asked nobody, and the traffic of each link', () => {
    const page = (lease: number, fetched: number, bytes: number): string =>
      `quorate_strong_reads_total{freshness="lease"} ${lease}\n` +
      `quorate_strong_reads_total{freshness="fetched"} ${fetched}\n` +
      `quorate_peer_sent_bytes_total{peer="tor"} ${bytes}\n` +
      `quorate_peer_messages_sent_total{peer="tor",kind="append"} ${bytes / 100}`;
    const { leaseHits, peers, messages } = siteFigures(change(page(0, 0, 0), page(3, 1, 1000)));
    expect(leaseHits).toBe(0.75);
    expect(peers.tor).toEqual({
      sentBytesPerSecond: 500,
      receivedBytesPerSecond: 0,
      messagesPerSecond: 5,
    });
    expect(messages).toEqual([['append', 5]]);
  });

  it('are shown in a row for each site, one that is away too', () => {
    const figures = siteFigures(change('', 'quorate_requests_limit 4096'));
    const screen = topScreen([
      { site: 'nyc', figures },
      { site: 'tor', figures: null },
    ]);
    expect(screen).toMatch(/^nyc +0 +- .*0 of 4096/m);
    expect(screen).toMatch(/^tor +does not answer$/m);
  });
});
