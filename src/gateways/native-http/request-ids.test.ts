import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RunningSites } from '../../site/test-running-sites.js';
import type { ListeningHttp } from '../http-listener.js';
import { listen } from './server.js';

/*
 * Three sites that log everything. nyc is the primary of all files, tor is spoken to.
 */

type Line = Readonly<Record<string, unknown>>;

const lines: Line[] = [];
let sites: RunningSites;
let server: ListeningHttp;

beforeAll(async () => {
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(JSON.parse(String(line)) as Line);
    return true;
  });
  sites = await RunningSites.start({ log: { format: 'json', level: 'debug' } });
  const { service, objects, telemetry } = sites.at('tor');
  server = await listen(service, { site: 'tor', host: '127.0.0.1', port: 0, objects, telemetry });
  expect((await fetch(`${server.url}/v1/buckets/docs`, { method: 'PUT' })).status).toBe(201);
});

afterAll(async () => {
  await server.close(0);
  await sites.close();
  vi.restoreAllMocks();
});

function logged(site: string, requestId: string): Line[] {
  return lines.filter((line) => line.site === site && line.requestId === requestId);
}

describe('the id of a request', () => {
  it('is in the log of the primary that another site asked, with what it waited for', async () => {
    const headers = { 'Quorate-Request-Id': 'order-66' };
    const init = { method: 'PUT', headers, body: 'x' };
    const answer = await fetch(`${server.url}/v1/files/docs/a`, init);
    expect([answer.status, answer.headers.get('quorate-request-id')]).toEqual([201, 'order-66']);
    await expect.poll(() => logged('nyc', 'order-66').length, { timeout: 15_000 }).toBe(1);
    const [line] = logged('nyc', 'order-66');
    expect(line).toMatchObject({ level: 'debug', what: 'submit', outcome: 'committed' });
    expect(line?.message).toBe('answered a request of tor');
    expect(Object.keys(line ?? {})).toContain('quorumMs');
    expect(logged('lon', 'order-66')).toEqual([]);
  });

  it('is one of its own where the caller gave none, and never that of another', async () => {
    const ids = await Promise.all(
      ['b', 'c'].map(async (name) => {
        const init = { method: 'PUT', body: 'x' };
        const answer = await fetch(`${server.url}/v1/files/docs/${name}`, init);
        return answer.headers.get('quorate-request-id') ?? '';
      }),
    );
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) {
      await expect.poll(() => logged('nyc', id).length, { timeout: 15_000 }).toBe(1);
    }
  });
});
