import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryFileService } from '../memory-file-service.js';
import { listenOnLoopback, sendRaw } from './raw-exchange.js';
import type { ListeningHttp } from '../http-listener.js';

/** Tells when a body that was refused has been refused, as its client may not be there to hear. */
class WatchedService extends MemoryFileService {
  readonly refused: string[] = [];
  onRefused: () => void = () => {};

  override async write(...parameters: Parameters<MemoryFileService['write']>) {
    const outcome = await super.write(...parameters);
    if (outcome.outcome === 'rejected') {
      this.refused.push(outcome.reason);
      this.onRefused();
    }
    return outcome;
  }
}

const service = new WatchedService();
let server: ListeningHttp;

beforeAll(async () => {
  await service.createBucket('docs');
  server = await listenOnLoopback(service);
});

afterAll(() => server.close());

interface Expected {
  readonly status: number;
  readonly code: string;
  readonly outcome?: string;
}

async function expectProblem(requestText: string | Buffer, expected: Expected): Promise<void> {
  const answer = await sendRaw(server.port, requestText);
  const problem = JSON.parse(answer.body) as Record<string, unknown>;
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect({ status: answer.status, code: problem['code'], outcome: problem['outcome'] }).toEqual({
    outcome: undefined,
    ...expected,
  });
  expect(problem['status']).toBe(answer.status);
  expect(problem['title']).toMatch(/\.$/);
  await expectNothingStored();
}

async function expectNothingStored(): Promise<void> {
  const listing = await service.list({ bucket: 'docs' });
  expect(listing.ok && listing.files).toEqual([]);
}

function put(path: string, ...headers: string[]): string {
  return lines(`PUT ${path} HTTP/1.1`, 'Content-Length: 2', ...headers).concat('hi');
}

function get(path: string, ...headers: string[]): string {
  return lines(`GET ${path} HTTP/1.1`, ...headers);
}

function lines(first: string, ...headers: string[]): string {
  return `${[first, 'Host: x', 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`;
}

const rejected = 'rejected';
const invalidName = { status: 400, code: 'invalid_name', outcome: rejected };

describe('names that are none', () => {
  it('refuses an unknown bucket', () =>
    expectProblem(put('/v1/files/nowhere/a'), {
      status: 404,
      code: 'no_such_bucket',
      outcome: rejected,
    }));
  it('refuses an illegal bucket', () => expectProblem(put('/v1/files/UPPER/a'), invalidName));
  it('refuses an empty path', () => expectProblem(put('/v1/files/docs/'), invalidName));
  it('refuses a path of 1,025 bytes', () =>
    expectProblem(put(`/v1/files/docs/${'a'.repeat(1025)}`), invalidName));
  it('counts bytes, not characters', () =>
    expectProblem(put(`/v1/files/docs/${'%C3%A9'.repeat(513)}`), invalidName));
  it('refuses bytes that are not UTF-8', () =>
    expectProblem(put('/v1/files/docs/%ff%fe'), invalidName));
  it('refuses raw bytes that are not UTF-8', () =>
    expectProblem(Buffer.from(put('/v1/files/docs/\xff'), 'latin1'), {
      status: 400,
      code: 'malformed_request',
    }));
  it('refuses an encoded surrogate', () =>
    expectProblem(put('/v1/files/docs/%ed%a0%80'), invalidName));
  it('refuses half an escape', () => expectProblem(put('/v1/files/docs/a%2'), invalidName));
  it('refuses a NUL', () => expectProblem(put('/v1/files/docs/a%00b'), invalidName));
});

describe('headers and queries that mean nothing', () => {
  it('refuses an unknown query parameter and names it', async () => {
    await expectProblem(put('/v1/files/docs/a?colour=red'), {
      status: 400,
      code: 'unknown_parameter',
      outcome: rejected,
    });
    const answer = await sendRaw(server.port, get('/v1/files/docs/a?version=1&colour=red'));
    expect(answer.body).toContain('\\"colour\\"');
  });
  it('refuses a parameter given twice', () =>
    expectProblem(get('/v1/files/docs?prefix=a&prefix=b'), {
      status: 400,
      code: 'invalid_parameter',
    }));
  it('refuses a limit of zero', () =>
    expectProblem(get('/v1/files/docs?limit=0'), { status: 400, code: 'invalid_parameter' }));
  it('refuses a version that is no number', () =>
    expectProblem(get('/v1/files/docs/a?version=first'), {
      status: 400,
      code: 'invalid_parameter',
    }));
  it.each(['abc', '"unclosed', 'b3-00', '"a" "b"', '*, "a"'])(
    'refuses If-Match: %s on a write',
    (value) =>
      expectProblem(put('/v1/files/docs/a', `If-Match: ${value}`), {
        status: 400,
        code: 'malformed_precondition',
        outcome: rejected,
      }),
  );
  it('refuses a version condition that is no version', () =>
    expectProblem(put('/v1/files/docs/a', 'Quorate-If-Version: -1'), {
      status: 400,
      code: 'malformed_precondition',
      outcome: rejected,
    }));
  it('refuses to let a write depend on a date', () =>
    expectProblem(put('/v1/files/docs/a', 'If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT'), {
      status: 400,
      code: 'unsupported_precondition',
      outcome: rejected,
    }));
  it('refuses an Idempotency-Key of 129 characters', () =>
    expectProblem(put('/v1/files/docs/a', `Idempotency-Key: ${'k'.repeat(129)}`), {
      status: 400,
      code: 'invalid_header',
      outcome: rejected,
    }));
  it('refuses an unknown consistency', () =>
    expectProblem(get('/v1/files/docs/a', 'Quorate-Consistency: eventual'), {
      status: 400,
      code: 'invalid_header',
    }));
  it('refuses more metadata than is kept', () =>
    expectProblem(put('/v1/files/docs/a', `Quorate-Meta-A: ${'m'.repeat(9000)}`), {
      status: 400,
      code: 'invalid_header',
      outcome: rejected,
    }));
  it('refuses headers over the limit', () =>
    expectProblem(get('/v1/files/docs/a', `X-Long: ${'x'.repeat(20_000)}`), {
      status: 431,
      code: 'headers_too_large',
    }));
  it('refuses what is not HTTP', () =>
    expectProblem('\x00\x01garbage\r\n\r\n', { status: 400, code: 'malformed_request' }));
  it('refuses two lengths that differ', () =>
    expectProblem(put('/v1/files/docs/a', 'Content-Length: 3'), {
      status: 400,
      code: 'malformed_request',
    }));
  it('refuses an unknown method and says which there are', async () => {
    const text = lines('PATCH /v1/files/docs/a HTTP/1.1');
    await expectProblem(text, { status: 405, code: 'method_not_allowed', outcome: rejected });
    const answer = await sendRaw(server.port, text);
    expect(answer.headers.get('allow')).toBe('GET, HEAD, PUT, DELETE, POST');
  });
  it('refuses an unknown route', () =>
    expectProblem(get('/v2/files'), { status: 404, code: 'no_such_route' }));
  it('refuses writes by pages of other origins', () =>
    expectProblem(put('/v1/files/docs/a', 'Origin: http://evil.example'), {
      status: 403,
      code: 'cross_origin',
      outcome: rejected,
    }));
  it('refuses POST without an action', () =>
    expectProblem(lines('POST /v1/files/docs/a HTTP/1.1'), {
      status: 400,
      code: 'missing_parameter',
      outcome: rejected,
    }));
  it('refuses a copy from what is no name', () =>
    expectProblem(lines('POST /v1/files/docs/a?copy-from=docs HTTP/1.1'), invalidName));
});

describe('ranges', () => {
  it.each(['bytes=', 'bytes=-', 'bytes=5-2', 'bytes=a-b', 'lines=1-2', 'bytes=0-1,3-4'])(
    'refuses Range: %s',
    async (range) => {
      await service.write('docs/r', [Buffer.from('0123456789')] as never);
      const answer = await sendRaw(server.port, get('/v1/files/docs/r', `Range: ${range}`));
      await service.remove('docs/r');
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'malformed_range' });
    },
  );
  it.each(['bytes=10-', 'bytes=-0', 'bytes=99-100'])('cannot satisfy Range: %s', async (range) => {
    await service.write('docs/r', [Buffer.from('0123456789')] as never);
    const answer = await sendRaw(server.port, get('/v1/files/docs/r', `Range: ${range}`));
    await service.remove('docs/r');
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */10');
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'range_not_satisfiable' });
  });
});

describe('JSON bodies', () => {
  const send = (body: string): string =>
    lines('PUT /v1/primaries HTTP/1.1', `Content-Length: ${body.length}`).concat(body);
  const broken = { status: 400, code: 'malformed_json', outcome: rejected };
  it('refuses broken JSON', () => expectProblem(send('{"pattern": '), broken));
  it('refuses JSON of another shape', () => expectProblem(send('{"pattern": 7}'), broken));
  it('refuses unknown keys', () =>
    expectProblem(send('{"pattern":"docs/x","site":"nyc","force":true}'), broken));
  it('refuses an unknown site', () =>
    expectProblem(send('{"pattern":"docs/x","site":"par"}'), {
      status: 400,
      code: 'unknown_site',
      outcome: rejected,
    }));
});

describe('bodies that do not arrive', () => {
  const cutAfter = (head: string): Promise<void> =>
    new Promise((resolve) => {
      service.onRefused = resolve;
      const socket = connect(server.port, '127.0.0.1', () => {
        socket.write(head, () => socket.destroy());
      });
      socket.on('error', () => {});
    });

  it('stores nothing of a body shorter than its Content-Length', async () => {
    await cutAfter(`${lines('PUT /v1/files/docs/a HTTP/1.1', 'Content-Length: 10')}12345`);
    expect(service.refused.at(-1)).toBe('body_incomplete');
    await expectNothingStored();
  });
  it('answers a body that ends early while the client still listens', async () => {
    const head = lines('PUT /v1/files/docs/a HTTP/1.1', 'Content-Length: 10');
    const answer = await sendRaw(server.port, `${head}12345`, true);
    expect(answer.status).toBe(400);
    await expectNothingStored();
  });
  it('stores nothing of a chunked body cut mid-stream', async () => {
    const head = lines('PUT /v1/files/docs/a HTTP/1.1', 'Transfer-Encoding: chunked');
    await cutAfter(`${head}5\r\n12345\r\n`);
    expect(service.refused.at(-1)).toBe('body_incomplete');
    await expectNothingStored();
  });
  it('stores nothing of a long body cut mid-stream', async () => {
    const head = lines('PUT /v1/files/docs/a HTTP/1.1', 'Content-Length: 10000000');
    await cutAfter(head + 'x'.repeat(100_000));
    expect(service.refused.at(-1)).toBe('body_incomplete');
    await expectNothingStored();
  });
  it('refuses a chunk length that is none', () =>
    expectProblem(`${lines('PUT /v1/files/docs/a HTTP/1.1', 'Transfer-Encoding: chunked')}zz\r\n`, {
      status: 400,
      code: 'malformed_request',
    }));
  it('lets the client see a refusal although it is still sending', async () => {
    const status = await new Promise((resolve, reject) => {
      const upload = httpRequest({
        port: server.port,
        method: 'PUT',
        path: '/v1/files/nowhere/a',
        headers: { 'content-length': 8_000_000 },
      });
      upload.once('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      upload.once('error', reject);
      upload.end(Buffer.alloc(8_000_000));
    });
    expect(status).toBe(404);
  });
  it('refuses before the body when the client asks first', async () => {
    const head = lines(
      'PUT /v1/files/nowhere/a HTTP/1.1',
      'Content-Length: 100000000',
      'Expect: 100-continue',
    );
    await expectProblem(head, { status: 404, code: 'no_such_bucket', outcome: rejected });
  });
});

it('goes on serving after all of it', async () => {
  const answer = await sendRaw(server.port, get('/health'));
  expect(answer.status).toBe(200);
});
