import { beforeEach, describe, expect, it } from 'vitest';
import { Http, type HttpResult } from './http.js';
import { filePath } from './http-files.js';
import { Pauses } from './pauses.js';
import type { FetchSettings } from './platform.js';
import { ScriptedPlatform, ScriptedSite } from './test-platform.js';

type Answer = Response | 'broken' | 'refused' | 'silent';

let answers: Record<string, Answer[]>;
let asked: string[];
let platform: ScriptedPlatform;
let http: Http;
let pauses: Pauses;

beforeEach(() => {
  asked = [];
  platform = new ScriptedPlatform([new ScriptedSite('lon', 2), new ScriptedSite('nyc', 80)]);
  platform.fetch = scriptedFetch;
  pauses = new Pauses(platform);
  const sites = platform.sites.map(({ name, url }) => {
    return { name, url, roundTripMs: 1, avoidUntilMs: 0 };
  });
  http = new Http(platform, () => sites, pauses);
});

function scriptedFetch(url: string, { signal }: FetchSettings): Promise<Response> {
  const site = url.includes('lon') ? 'lon' : 'nyc';
  asked.push(site);
  const answer = answers[site]?.shift() ?? 'refused';
  if (answer === 'broken') return Promise.reject(new TypeError('terminated'));
  if (answer === 'refused') {
    return Promise.reject(new TypeError('failed', { cause: { code: 'ECONNREFUSED' } }));
  }
  if (answer !== 'silent') return Promise.resolve(answer);
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
}

function problem(status: number, code: string, outcome: 'rejected' | 'unknown'): Response {
  const current = { version: 4, deleted: false };
  return Response.json({ code, title: 'Title.', detail: 'detail', outcome, current }, { status });
}

const done = (): Response => new Response('done');

async function call(method: 'GET' | 'PUT', durationMs = 10_000): Promise<HttpResult<string>> {
  const untilMs = platform.monoMs() + durationMs;
  const calling = http.call({ method, path: '/v1/x' }, untilMs, (response) => response.text());
  await platform.pass(durationMs);
  return calling;
}

describe('a call', () => {
  it('leaves sites with too much to do alone for as long as they ask', async () => {
    const refused = (): Response => {
      const answer = problem(503, 'overloaded', 'rejected');
      answer.headers.set('retry-after', '3');
      return answer;
    };
    answers = { lon: [refused(), done()], nyc: [refused()] };
    const beganMs = platform.monoMs();
    const untilMs = beganMs + 10_000;
    const calling = http.call({ method: 'GET', path: '/v1/x' }, untilMs, (r) => r.text());
    await platform.pass(2999);
    expect(asked).toEqual(['lon', 'nyc']);
    await platform.pass(100);
    expect(await calling).toMatchObject({ ok: true, site: 'lon' });
    expect(asked).toEqual(['lon', 'nyc', 'lon']);
  });

  it('falls to the next site when one is down', async () => {
    answers = { lon: ['refused'], nyc: [done()] };
    expect(await call('PUT')).toEqual({ ok: true, site: 'nyc', value: 'done' });
  });

  it('leaves time for the next site when one is silent', async () => {
    answers = { lon: ['silent'], nyc: [done()] };
    expect(await call('GET')).toMatchObject({ ok: true, site: 'nyc' });
  });

  it('is not repeated when a site has refused it for good', async () => {
    answers = { lon: [problem(412, 'precondition_failed', 'rejected')], nyc: [done()] };
    expect(await call('PUT')).toMatchObject({
      ok: false,
      reason: 'precondition_failed',
      mayHaveHappened: false,
      currentVersion: 4,
    });
    expect(asked).toEqual(['lon']);
  });

  it('may have happened once an attempt broke off, whatever another site says', async () => {
    answers = { lon: ['broken'], nyc: [problem(412, 'precondition_failed', 'rejected')] };
    expect(await call('PUT')).toMatchObject({ ok: false, mayHaveHappened: true });
  });

  it('is tried again for as long as there is time, where that may help', async () => {
    answers = { lon: [problem(503, 'no_primary', 'rejected')], nyc: ['broken'] };
    for (let index = 0; index < 100; index += 1) {
      answers.lon?.push(problem(503, 'no_primary', 'rejected'));
    }
    expect(await call('GET')).toMatchObject({ ok: false, reason: 'no_primary' });
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.length).toBeLessThan(60);
  });

  it('ends at once when every site lacks a quorum or is down', async () => {
    answers = { lon: [problem(503, 'quorum_unavailable', 'rejected')] };
    expect(await call('PUT')).toMatchObject({
      reason: 'quorum_unavailable',
      mayHaveHappened: false,
    });
    expect(asked).toEqual(['lon', 'nyc']);
  });

  it('is not believed when a site answers what is no answer', async () => {
    answers = { lon: [new Response('<html>', { status: 502 })] };
    expect(await call('PUT')).toMatchObject({ reason: 'malformed_answer', mayHaveHappened: true });
  });

  it('ends by its signal, while it is answered and between attempts', async () => {
    for (const answer of ['silent', 'no_primary'] as const) {
      const each = () => (answer === 'silent' ? answer : problem(503, answer, 'rejected'));
      answers = { lon: [each()], nyc: [each()] };
      asked = [];
      const stop = new AbortController();
      const { signal } = stop;
      const call = { method: 'GET', path: '/v1/x', signal } as const;
      const calling = http.call(call, platform.monoMs() + 5000, (r) => r.text());
      await platform.pass(1);
      const before = asked.length;
      stop.abort();
      expect(await calling).toMatchObject({ ok: false, reason: 'aborted' });
      await platform.pass(5000);
      expect(asked).toHaveLength(before);
    }
  });

  it('may have happened when its signal ends it under way, and not before', async () => {
    answers = { lon: ['silent'], nyc: [done()] };
    for (const isUnderWay of [true, false]) {
      const stop = new AbortController();
      if (!isUnderWay) stop.abort();
      const call = { method: 'PUT', path: '/v1/x', signal: stop.signal } as const;
      const calling = http.call(call, platform.monoMs() + 5000, (r) => r.text());
      await platform.pass(1);
      stop.abort();
      expect(await calling).toMatchObject({ reason: 'aborted', mayHaveHappened: isUnderWay });
    }
    expect(asked).toEqual(['lon']);
  });

  it('ends when the client is closed', async () => {
    answers = { lon: ['silent'], nyc: ['silent'] };
    const calling = http.call({ method: 'GET', path: '/' }, platform.monoMs() + 5000, () =>
      Promise.resolve(null),
    );
    await platform.pass(10);
    pauses.end();
    http.end();
    expect(await calling).toMatchObject({ ok: false, reason: 'closed' });
  });
});

it('gives a file an address that no URL parser changes', () => {
  for (const name of [
    'docs/a b',
    'docs/../x',
    'docs/a/./b',
    'docs/..a',
    'docs/ä%2e/#?',
    'docs//x',
  ]) {
    const { pathname } = new URL(filePath(name), 'http://lon');
    expect(pathname.startsWith('/v1/files/docs/')).toBe(true);
    expect(decodeURIComponent(pathname.slice('/v1/files/'.length))).toBe(name);
  }
});
