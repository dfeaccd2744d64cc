import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from './http-client.js';
import type { SiteEndpoint } from './site-endpoint.js';

/** One request as a scripted site got it. */
interface Heard {
  readonly method: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly since: string | undefined;
  readonly body: string;
}

type Answer =
  | 'cut'
  | {
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    };

const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const COMMITTED: Answer = {
  status: 200,
  body: {
    outcome: 'committed',
    requestId: 'r',
    file: {
      bucket: 'docs',
      path: 'a',
      version: 7,
      epoch: 1,
      seq: 9,
      deleted: false,
      size: 1,
      etag: 'b3-0',
      modified: '2026-01-02T03:04:05.000Z',
      contentType: null,
      metadata: {},
    },
  },
};

function problem(status: number, code: string, outcome?: 'rejected' | 'unknown'): Answer {
  return { status, body: { status, code, title: 'Title.', detail: 'detail', outcome } };
}

/** A site that answers writes as told, one after the other, the last for ever. */
async function scripted(
  site: string,
  answers: readonly Answer[],
): Promise<{ endpoint: SiteEndpoint; heard: Heard[] }> {
  const heard: Heard[] = [];
  let next = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.once('end', () => reply(request, response, Buffer.concat(pieces).toString()));
  });
  const reply = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    if (request.url === '/v1/position') {
      response.end('{"position":"p1"}');
      return;
    }
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    heard.push({
      method: request.method ?? '',
      url: request.url ?? '',
      key: header('idempotency-key'),
      since: header('quorate-since'),
      body,
    });
    const answer = answers[Math.min(next, answers.length - 1)]!;
    next += 1;
    if (answer === 'cut') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers).end(JSON.stringify(answer.body));
  };
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { endpoint: { site, url: `http://127.0.0.1:${port}` }, heard };
}

function clientOf(sites: readonly SiteEndpoint[], deadlineMs = 5000): HttpClient {
  return new HttpClient({
    sites,
    near: sites[0]!.site,
    retries: { deadlineMs, backoffMs: [1, 5] },
  });
}

const DOWN: SiteEndpoint = { site: 'nyc', url: 'http://127.0.0.1:9' };

async function* streamed(): AsyncIterable<Uint8Array> {
  yield Buffer.from('x');
}

describe('a write', () => {
  it('keeps one request id and one position over all attempts and sites', async () => {
    const nyc = await scripted('nyc', ['cut', problem(503, 'no_primary', 'rejected')]);
    const tor = await scripted('tor', [problem(504, 'timeout', 'unknown'), COMMITTED]);
    const client = clientOf([nyc.endpoint, tor.endpoint]);
    const result = await client.put('docs/a', streamed, { size: 1 });
    expect(result).toMatchObject({ outcome: 'committed', file: { version: 7 }, site: 'tor' });
    const heard = [...nyc.heard, ...tor.heard];
    expect(heard).toHaveLength(4);
    expect(new Set(heard.map(({ key }) => key)).size).toBe(1);
    expect(heard.map(({ since, body }) => [since, body])).toEqual(heard.map(() => ['p1', 'x']));
  });

  it('falls to the next site when one is down', async () => {
    const tor = await scripted('tor', [COMMITTED]);
    const result = await clientOf([DOWN, tor.endpoint]).put('docs/a', Buffer.from('x'));
    expect(result).toMatchObject({ outcome: 'committed', site: 'tor' });
  });

  it('is rejected when the site says so, and not tried again', async () => {
    const nyc = await scripted('nyc', [problem(412, 'precondition_failed', 'rejected')]);
    const result = await clientOf([nyc.endpoint]).put('docs/a', Buffer.from('x'));
    expect(result).toMatchObject({ outcome: 'rejected', code: 'precondition_failed' });
    expect(nyc.heard).toHaveLength(1);
  });

  it('is rejected at once when every site lacks a quorum', async () => {
    const nyc = await scripted('nyc', [problem(503, 'quorum_unavailable', 'rejected')]);
    const result = await clientOf([nyc.endpoint, { ...DOWN, site: 'tor' }]).remove('docs/a');
    expect(result).toMatchObject({ outcome: 'rejected', code: 'quorum_unavailable' });
    expect(nyc.heard).toHaveLength(1);
  });

  it('is not sent again sooner than a site with too much to do asks for', async () => {
    const overloaded = { status: 503, code: 'overloaded', title: 'T.', detail: 'd' } as const;
    const nyc = await scripted('nyc', [
      {
        status: 503,
        body: { ...overloaded, outcome: 'rejected' },
        headers: { 'retry-after': '30' },
      },
    ]);
    const result = await clientOf([nyc.endpoint]).put('docs/a', Buffer.from('x'));
    expect(result).toMatchObject({ outcome: 'rejected', code: 'overloaded' });
    expect(nyc.heard).toHaveLength(1);
  });

  it('stays unknown when an attempt was cut and a later one is refused', async () => {
    const nyc = await scripted('nyc', ['cut', problem(412, 'precondition_failed', 'rejected')]);
    const result = await clientOf([nyc.endpoint]).put('docs/a', Buffer.from('x'), {
      requestId: 'mine',
    });
    expect(result).toMatchObject({ outcome: 'unknown', requestId: 'mine' });
  });

  it('ends as unknown at the deadline when no attempt was answered', async () => {
    const nyc = await scripted('nyc', ['cut']);
    const result = await clientOf([nyc.endpoint], 20).put('docs/a', Buffer.from('x'));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'broken' });
  });

  it('is unknown, and not repeated, when its id has been forgotten', async () => {
    const nyc = await scripted('nyc', [problem(504, 'forgotten', 'unknown')]);
    const result = await clientOf([nyc.endpoint]).remove('docs/a');
    expect(result).toMatchObject({ outcome: 'unknown', code: 'forgotten' });
    expect(nyc.heard).toHaveLength(1);
  });

  it('sends nothing anywhere when its body cannot be read', async () => {
    const nyc = await scripted('nyc', [COMMITTED]);
    const broken = async function* (): AsyncIterable<Uint8Array> {
      yield Buffer.from('x');
      throw new Error('disk gone');
    };
    const result = await clientOf([nyc.endpoint]).put('docs/a', broken, { size: 100 });
    expect(result).toMatchObject({
      outcome: 'rejected',
      code: 'body_failed',
      message: 'disk gone',
    });
  });

  it('is not believed when the answer is not understood', async () => {
    const nyc = await scripted('nyc', [{ status: 200, body: { outcome: 'fine' } }]);
    const result = await clientOf([nyc.endpoint]).put('docs/a', Buffer.from('x'));
    expect(result).toMatchObject({ outcome: 'unknown', code: 'malformed_answer' });
  });
});

describe('a read', () => {
  it('falls to the next site and gives the names every byte they have', async () => {
    const tor = await scripted('tor', [{ status: 200, body: 'x' }]);
    const read = await clientOf([DOWN, tor.endpoint]).get('docs/../a//%41 é?#');
    expect(read.ok).toBe(true);
    expect(tor.heard[0]?.url).toBe('/v1/files/docs/../a//%2541%20%C3%A9%3F%23');
    if (read.ok) for await (const _ of read.value.body);
  });

  it('that finds nothing says so without asking elsewhere', async () => {
    const nyc = await scripted('nyc', [problem(404, 'no_such_file')]);
    const tor = await scripted('tor', [problem(404, 'no_such_file')]);
    const read = await clientOf([nyc.endpoint, tor.endpoint]).get('docs/a');
    expect(read).toMatchObject({ ok: false, code: 'no_such_file', mayHaveHappened: false });
    expect(tor.heard).toHaveLength(0);
  });

  it('of every site that is down ends at once', async () => {
    const read = await clientOf([DOWN]).buckets();
    expect(read).toMatchObject({ ok: false, code: 'unreachable' });
  });
});

it('the nearest site is measured when none is asked for, those that are down come last', async () => {
  const tor = await scripted('tor', [{ status: 200, body: { buckets: [] } }]);
  const client = new HttpClient({ sites: [DOWN, tor.endpoint] });
  expect(await client.buckets()).toMatchObject({ ok: true, site: 'tor' });
});
