import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectedSpan } from '../../site/telemetry/spans/test-collector.js';
import { TestCollector } from '../../site/telemetry/spans/test-collector.js';
import { RunningSites } from '../../site/test-running-sites.js';
import type { ListeningHttp } from '../http-listener.js';
import { listen } from './server.js';

/*
 * Three sites with a collector. nyc is the primary of all files, tor is spoken to.
 */

let collector: TestCollector;
let sites: RunningSites;
let server: ListeningHttp;

beforeAll(async () => {
  collector = await TestCollector.start();
  const telemetry = { otlpEndpoint: `${collector.url}/`, samplingRatio: 0 };
  sites = await RunningSites.start({ telemetry });
  const tor = sites.at('tor');
  const place = { site: 'tor', host: '127.0.0.1', port: 0 };
  const { objects } = tor;
  server = await listen(tor.service, { ...place, objects, telemetry: tor.telemetry });
  expect((await fetch(`${server.url}/v1/buckets/docs`, { method: 'PUT' })).status).toBe(201);
});

afterAll(async () => {
  await server.close(0);
  await sites.close();
  await collector.close();
});

const PARENT = 'b7ad6b7169203331';

function ask(method: string, traceId: string, flags = '01'): Promise<Response> {
  return fetch(`${server.url}/v1/files/docs/a`, {
    method,
    headers: { traceparent: `00-${traceId}-${PARENT}-${flags}` },
    ...(method === 'PUT' && { body: 'x' }),
  });
}

async function collected(traceId: string, count: number): Promise<CollectedSpan[]> {
  const ofTrace = (): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  await expect
    .poll(() => ofTrace().map(({ name }) => name), { timeout: 15_000 })
    .toHaveLength(count);
  expect(collector.faults).toEqual([]);
  return ofTrace();
}

describe('the spans of a request', () => {
  it('are one trace at the site that was asked, the primary and both replicas', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    expect((await ask('PUT', traceId)).status).toBe(201);
    const spans = await collected(traceId, 5);
    const named = (name: string): CollectedSpan => spans.find((span) => span.name === name)!;
    const root = named('native PUT');
    expect([root.site, root.parentSpanId]).toEqual(['tor', PARENT]);
    expect([named('write').site, named('write').parentSpanId]).toEqual(['tor', root.spanId]);
    const primary = named('primary submit');
    expect([primary.site, primary.parentSpanId]).toEqual(['nyc', root.spanId]);
    expect(primary.attributes.map(({ key }) => key)).toContain('quorumMs');
    const replicas = spans.filter(({ name }) => name === 'replica write');
    expect(replicas.map(({ site }) => site).sort()).toEqual(['lon', 'tor']);
    for (const replica of replicas) expect(replica.parentSpanId).toBe(primary.spanId);
  });

  it('of a write at its primary are its replicas’ parents, without anybody in between', async () => {
    const nyc = sites.at('nyc');
    const place = { site: 'nyc', host: '127.0.0.1', port: 0 };
    const { objects, service, telemetry } = nyc;
    const there = await listen(service, { ...place, objects, telemetry });
    const traceId = '1af7651916cd43dd8448eb211c80319c';
    const headers = { traceparent: `00-${traceId}-${PARENT}-01` };
    await fetch(`${there.url}/v1/files/docs/b`, { method: 'PUT', body: 'x', headers });
    const spans = await collected(traceId, 4);
    const root = spans.find(({ name }) => name === 'native PUT');
    const replicas = spans.filter(({ name }) => name === 'replica write');
    expect(replicas.map(({ parentSpanId }) => parentSpanId)).toEqual([root?.spanId, root?.spanId]);
    await there.close(0);
  });

  it('are recorded as the caller says, and nothing of those that do not ask for it', async () => {
    const [not, wanted] = ['2', '3'].map((digit) => digit.repeat(32)) as [string, string];
    expect((await ask('PUT', not, '00')).status).toBe(200);
    expect((await fetch(`${server.url}/v1/files/docs/a`)).status).toBe(200);
    expect((await ask('GET', wanted)).status).toBe(200);
    const spans = await collected(wanted, 2);
    expect(spans.map(({ name }) => name).sort()).toEqual(['native GET', 'read']);
    const traces = new Set(collector.spans.map(({ traceId }) => traceId));
    expect(traces.has(not)).toBe(false);
    expect([...traces].every((traceId) => /^(?:[01]af|3333)/.test(traceId))).toBe(true);
  });

  it('that nobody takes keep no request from its answer', async () => {
    await collector.close();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask('GET', '4'.repeat(32))));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  });
});
