import fc from 'fast-check';
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimRecord } from '../../protocol/ports.js';
import { claim, read, seen, swap } from '../coordinator.conformance.js';
import { type EtcdCoordinator, openEtcdCoordinator } from './etcd-coordinator.js';
import { METHODS, readRange, readStatus, readTxn, readWatch } from './etcd-messages.js';
import { GrpcFrames, grpcFrame } from './grpc-frames.js';
import type { EtcdTimes } from './member-pool.js';
import { bytesAt, type FieldToWrite, messagesAt, readMessage, writeMessage } from './protobuf.js';
import { writeDocument } from './stored-document.js';

/*
 * What etcd may answer, by a server that answers what a test tells it to: answers that are lost,
 * late, old, foreign or no answers at all.
 */

const KEY = '/quorate/claim/nyc';
const OK = { 'grpc-status': '0' };

/** What is done with a call; null leaves it without an answer. */
type Answer = Uint8Array | { readonly status: string } | null;
type Handler = (request: Uint8Array, stream: ServerHttp2Stream) => Answer;

class FakeMember {
  readonly handlers = new Map<string, Handler>();
  endpoint = '';
  private readonly sessions = new Set<ServerHttp2Session>();

  private constructor(private readonly server: Http2Server) {
    this.handlers.set(METHODS.status, () => status('3.4.23'));
    server.on('session', (session) => {
      this.sessions.add(session);
      session.on('error', () => undefined);
    });
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => undefined);
      const frames = new GrpcFrames();
      stream.on('data', (bytes: Buffer) => {
        for (const request of frames.push(bytes) ?? []) {
          const answer = this.handlers.get(String(headers[':path']))?.(request, stream) ?? null;
          if (answer === null || stream.destroyed) continue;
          const trailers = 'status' in answer ? { 'grpc-status': answer.status } : OK;
          stream.on('wantTrailers', () => stream.sendTrailers(trailers));
          begin(stream);
          stream.end('status' in answer ? undefined : grpcFrame(answer));
        }
      });
    });
  }

  static async start(): Promise<FakeMember> {
    const server = createServer();
    const member = new FakeMember(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    member.endpoint = `http://127.0.0.1:${port}`;
    return member;
  }

  on(method: keyof typeof METHODS, handler: Handler): this {
    this.handlers.set(METHODS[method], handler);
    return this;
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function begin(stream: ServerHttp2Stream): void {
  if (stream.headersSent) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
}

const header = (revision: number, cluster = 7) => writeMessage([1, cluster], [2, 1], [3, revision]);

function status(version: string, { cluster = 7, leader = 1 } = {}): Uint8Array {
  return writeMessage([1, header(1, cluster)], [2, version], [4, leader]);
}

function keyValue(value: ClaimRecord | Uint8Array, revision: number, attempt = 'other') {
  const bytes = value instanceof Uint8Array ? value : writeDocument(value, attempt);
  return writeMessage([1, KEY], [2, 1], [3, revision], [5, bytes]);
}

function range(revision: number, ...keys: Uint8Array[]): Uint8Array {
  return writeMessage([1, header(revision)], ...keys.map((key) => [2, key] as const));
}

function swapped(revision: number): Uint8Array {
  return writeMessage([1, header(revision)], [2, true], [3, writeMessage([2, new Uint8Array()])]);
}

function refused(revision: number, ...keys: Uint8Array[]): Uint8Array {
  return writeMessage([1, header(revision)], [3, writeMessage([1, range(revision, ...keys)])]);
}

/** The bytes that a transaction wants to put. */
function putOf(request: Uint8Array): Uint8Array {
  const txn = readMessage(request);
  const put = txn && messagesAt(messagesAt(txn, 2)![0]!, 2)![0]!;
  return bytesAt(put!, 2);
}

let first: FakeMember;
let second: FakeMember;
let coordinator: EtcdCoordinator | null;
let reports: string[];

beforeEach(async () => {
  first = await FakeMember.start();
  second = await FakeMember.start();
  coordinator = null;
  reports = [];
});

afterEach(async () => {
  coordinator?.close();
  await first.stop();
  await second.stop();
});

async function open(times: Partial<EtcdTimes> = {}, members = [first, second]) {
  const endpoints = members.map(({ endpoint }) => endpoint);
  const opened = await openEtcdCoordinator(
    { endpoints, prefix: '/quorate/' },
    {
      // Far longer than an answer takes on a busy machine: only what is never answered waits for it.
      times: { deadlineMs: 10_000, tryMs: 500, ...times },
      report: (message) => void reports.push(message),
    },
  );
  if (!opened.ok) throw new Error(opened.message);
  ({ coordinator } = opened);
  return opened.coordinator;
}

describe('a swap at etcd', () => {
  it('whose answer was lost finds its own writing, and is told as done', async () => {
    let written = new Uint8Array();
    first.on('txn', (request) => {
      written = new Uint8Array(putOf(request));
      return null;
    });
    second.on('txn', () => refused(9, keyValue(written, 5)));
    expect(await swap(await open(), 'claim/nyc', 0, claim())).toEqual({
      outcome: 'swapped',
      revision: 5,
    });
  });

  it('whose answer was lost is never told as refused, when another wrote since', async () => {
    first.on('txn', () => null);
    second.on('txn', () => refused(9, keyValue(claim({ site: 'tor' }), 8)));
    expect(await swap(await open(), 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
  });

  it('that no member saw may be refused by the next one', async () => {
    await first.stop();
    const standing = claim({ site: 'tor' });
    second.on('txn', () => refused(9, keyValue(standing, 8)));
    expect(await swap(await open(), 'claim/nyc', 0, claim())).toEqual({
      outcome: 'conflict',
      current: { value: standing, revision: 8 },
    });
    first = await FakeMember.start();
  });

  it('asks a second member when the first has no leader', async () => {
    first.on('txn', () => ({ status: '14' }));
    second.on('txn', () => swapped(4));
    expect(await swap(await open(), 'claim/nyc', 3, claim())).toEqual({
      outcome: 'swapped',
      revision: 4,
    });
  });

  it('ends as unknown, and says why, when etcd refuses for good', async () => {
    first.on('txn', () => ({ status: '8' }));
    expect(await swap(await open(), 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
    expect(reports.join()).toContain('refuses');
  });

  it('that nobody answers ends at its deadline', async () => {
    const silent = await open({ deadlineMs: 150, tryMs: 40 });
    expect(await swap(silent, 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
    expect(await read(silent, 'claim/nyc')).toBeNull();
  });
});

describe('an answer of etcd', () => {
  it.each([
    ['no message', Buffer.from([0xff, 0xff])],
    ['empty', new Uint8Array()],
    ['no JSON', range(3, keyValue(Buffer.from('{'), 2))],
    ['no document', range(3, keyValue(Buffer.from('{"format":1,"attempt":"a"}'), 2))],
    ['of a format unknown', range(3, keyValue(Buffer.from('{"format":2,"value":{}}'), 2))],
    ['at no revision', range(3, keyValue(claim(), 0))],
    ['of two keys', range(3, keyValue(claim(), 2), keyValue(claim(), 3))],
  ])('that is %s is none', async (_name, bytes) => {
    first.on('range', () => bytes).on('txn', () => bytes);
    const strange = await open({ deadlineMs: 120, tryMs: 60 }, [first]);
    expect(await read(strange, 'claim/nyc')).toBeNull();
    expect(await swap(strange, 'claim/nyc', 0, claim())).toEqual({ outcome: 'unknown' });
  });

  it('is a value or nothing, whatever the bytes', () => {
    const cut = fc
      .constantFrom(status('3.4.23'), range(3, keyValue(claim(), 2)), refused(3), swapped(2))
      .chain((whole) => fc.nat(whole.length).map((at) => whole.slice(0, at)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), cut), (bytes) => {
        for (const parse of [readRange, readTxn, readWatch, readStatus]) parse(bytes);
        new GrpcFrames().push(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a watch at etcd', () => {
  /** Answers that stay open, and what is said on them. */
  function tell(stream: ServerHttp2Stream, ...fields: FieldToWrite[]): null {
    begin(stream);
    stream.write(grpcFrame(writeMessage([1, header(1)], ...fields)));
    return null;
  }
  const put = (value: ClaimRecord, revision: number) =>
    [11, writeMessage([2, keyValue(value, revision)])] as const;
  const isRenewal = (renewal: number) => (_key: string, value: unknown) =>
    (value as ClaimRecord).renewal === renewal;

  it('reads again and goes on when what it asks for was compacted', async () => {
    const asked: bigint[] = [];
    let standing = range(5, keyValue(claim({ renewal: 1 }), 4));
    first.on('range', () => standing);
    first.on('watch', (request, stream) => {
      const create = messagesAt(readMessage(request)!, 1)![0]!;
      asked.push(create.numbers.get(3)!.at(-1)!);
      if (asked.length > 1) return tell(stream, [3, true], put(claim({ renewal: 3 }), 42));
      standing = range(40, keyValue(claim({ renewal: 2 }), 39));
      tell(stream, [3, true]);
      return tell(stream, [4, true], [5, 38], [6, 'compacted']);
    });
    const renewals: number[] = [];
    const opened = await open();
    await seen(opened, 'claim/', (_key, value) => {
      renewals.push((value as ClaimRecord).renewal);
      return renewals.at(-1) === 3;
    });
    expect(renewals).toEqual([1, 2, 3]);
    expect(asked).toEqual([6n, 41n]);
  });

  it('goes on at another member when one is silent', async () => {
    first.on('range', () => null);
    second.on('range', () => range(5, keyValue(claim(), 4)));
    second.on('watch', (_request, stream) => tell(stream, put(claim({ renewal: 2 }), 6)));
    expect(await seen(await open(), 'claim/', isRenewal(2))).toMatchObject({ revision: 6 });
  });

  it('leaves a member that answers no check any more, with the watch that hangs there', async () => {
    first.on('range', () => range(5, keyValue(claim(), 4)));
    first.on('watch', (_request, stream) => {
      first.on('status', () => null).on('range', () => null);
      return tell(stream, [3, true]);
    });
    second.on('range', () => range(6, keyValue(claim({ renewal: 2 }), 6)));
    second.on('watch', (_request, stream) => tell(stream, [3, true]));
    const opened = await open({ checkEveryMs: 40 });
    expect(await seen(opened, 'claim/', isRenewal(2))).toMatchObject({ revision: 6 });
  });

  it('is told by what stands where a member forgets to tell', async () => {
    let standing = range(5, keyValue(claim(), 4));
    first.on('range', () => standing);
    first.on('watch', (_request, stream) => {
      standing = range(6, keyValue(claim({ renewal: 2 }), 6));
      return tell(stream, [3, true]);
    });
    const opened = await open({ compareEveryMs: 20 });
    expect(await seen(opened, 'claim/', isRenewal(2))).toMatchObject({ revision: 6 });
  });

  it('says nothing old after something new, and passes over what is no document', async () => {
    first.on('range', () => range(5, keyValue(claim({ renewal: 5 }), 5)));
    first.on('watch', (_request, stream) => {
      const nonsense = [11, writeMessage([2, keyValue(Buffer.from('x'), 6)])] as const;
      const deleted = [11, writeMessage([1, 1], [2, keyValue(claim(), 7)])] as const;
      const late = put(claim({ renewal: 4 }), 4);
      return tell(stream, late, nonsense, deleted, put(claim({ renewal: 8 }), 8));
    });
    const revisions: number[] = [];
    const opened = await open();
    await new Promise<void>((resolve) => {
      opened.watch('claim/', (_key, { revision }) => {
        revisions.push(revision);
        if (revision === 8) resolve();
      });
    });
    expect(revisions).toEqual([5, 8]);
    expect(reports.join()).toContain('not understood');
    expect(reports.join()).toContain('deleted');
  });
});

describe('a member of etcd', () => {
  const never = new AbortController().signal;

  it('says its version, one that serves being enough', async () => {
    first.on('status', () => null);
    second.on('status', () => status('3.5.9'));
    const opened = await open({ checkEveryMs: 50 });
    expect(await opened.start(never)).toEqual({ ok: true, version: '3.5.9' });
  });

  it.each(['3.3.27', '2.3.8', 'not a version'])('of version %s is refused by name', async (old) => {
    second.on('status', () => status(old));
    const started = await (await open()).start(never);
    expect(started).toMatchObject({ ok: false });
    expect(started.ok ? '' : started.message).toContain(`${second.endpoint} `);
    expect(started.ok ? '' : started.message).toContain(old);
  });

  it('of another etcd cluster is refused, and never believed', async () => {
    second.on('status', () => status('3.4.23', { cluster: 8 }));
    second.on('range', () => writeMessage([1, header(3, 8)]));
    first.on('range', () => range(3, keyValue(claim(), 2)));
    const opened = await open({ deadlineMs: 300 });
    expect(await opened.start(never)).toMatchObject({ ok: false });
    expect(await read(opened, 'claim/nyc')).toMatchObject({ revision: 2 });
    first.on('range', () => null);
    expect(await read(opened, 'claim/nyc')).toBeNull();
  });

  it('without a leader is waited for', async () => {
    let leader = 0;
    first.on('status', () => status('3.4.23', { leader }));
    const opened = await open({ checkEveryMs: 20 }, [first]);
    const started = opened.start(never);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (reports.some((report) => report.includes('no leader'))) return resolve();
        setImmediate(look);
      };
      look();
    });
    leader = 1;
    expect(await started).toEqual({ ok: true, version: '3.4.23' });
    expect(reports.at(-1)).toContain('serves again');
  });

  it('is waited for no more when the start is given up', async () => {
    const giveUp = new AbortController();
    first.on('status', () => null);
    const opened = await open({ checkEveryMs: 20 }, [first]);
    const started = opened.start(giveUp.signal);
    giveUp.abort();
    expect(await started).toMatchObject({ ok: false });
  });
});
