import { describe, expect, it } from 'vitest';
import type { FileVersion } from '../file-version.js';
import type { ClientEffect, ClientInput, ClientState } from './client-state.js';
import { createClientState, DEFAULT_CLIENT_CONFIG } from './client-state.js';
import { clientStep, readMemory } from './client-step.js';
import type { ClientMessage, KeepTerms, SiteReply } from './messages.js';
import { TEXT_LIMIT_CHARACTERS } from './wire.js';

function fileAt(version: number, text = `v${version}`): FileVersion {
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const etag = version.toString(16).padStart(64, '0');
  const content = { kind: 'inline' as const, size: bytes.length, etag, bytes };
  const seq = 10 + version;
  const rest = { deleted: false, metadata: {}, modifiedMs: 0, content };
  return { name: 'b/f', version, epoch: 1, seq, ...rest };
}

/** A client on a clock that the test moves. */
class Bench {
  nowMs = 1000;
  wallMs = 5000;
  readonly state: ClientState;
  sent: ClientMessage[] = [];
  effects: ClientEffect[] = [];

  constructor(config = DEFAULT_CLIENT_CONFIG) {
    this.state = createClientState(config, this.now());
  }

  now(): { monoMs: number; wallMs: number } {
    return { monoMs: this.nowMs, wallMs: this.wallMs };
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
  }

  input(input: ClientInput): void {
    for (const effect of clientStep(this.state, input, this.now())) {
      this.effects.push(effect);
      if (effect.kind === 'send') this.sent.push(effect.message);
    }
  }

  hear(message: SiteReply): void {
    this.input({ kind: 'message', message });
  }

  welcome(session = 's1'): void {
    this.hear({ kind: 'welcome', session, site: 'nyc', position: 'v1.' });
  }

  read(ticket = 1): void {
    this.input({ kind: 'read', ticket, name: 'b/f', mode: 'strong' });
  }

  /** The site answers the last read that it was sent. */
  answer(head: FileVersion | null, keep: KeepTerms | null, durationMs = 1000): void {
    const read = this.sent.findLast((message) => message.kind === 'read');
    if (read?.kind !== 'read') throw new Error('nothing was asked');
    const { id, sentMs } = read;
    const { shard = 'nyc', generation = 1 } = keep ?? {};
    const leases = keep === null ? [] : [{ shard, generation, durationMs }];
    const freshness = 'lease';
    this.hear({ kind: 'read', id, ok: true, head, asHeld: false, freshness, keep, sentMs, leases });
  }

  memory(): number | null | undefined {
    const entry = readMemory(this.state, 'b/f', this.now());
    return entry === undefined ? undefined : (entry.head?.version ?? null);
  }

  answers(): unknown[] {
    return this.effects.flatMap((effect) => (effect.kind === 'answer' ? [effect.answer] : []));
  }
}

const KEEP: KeepTerms = { shard: 'nyc', generation: 1, serial: 4 };

describe('a client', () => {
  it('serves from memory while its lease runs, counted from the asking', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.pass(300);
    bench.answer(fileAt(1), KEEP);
    expect(bench.memory()).toBe(1);
    bench.pass(690);
    expect(bench.memory()).toBe(1);
    bench.pass(10);
    expect(bench.memory()).toBeUndefined();
  });

  it('serves nothing after a sleep that only the wall clock shows', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.answer(fileAt(1), KEEP);
    bench.wallMs += 5000;
    expect(bench.memory()).toBeUndefined();
  });

  it('drops what is invalidated and says so, whatever it had', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.answer(fileAt(1), KEEP);
    const files = [{ shard: 'nyc', name: 'b/f', serial: 5 }];
    bench.hear({ kind: 'invalidate', files });
    expect(bench.memory()).toBeUndefined();
    expect(bench.sent.at(-1)).toEqual({ kind: 'done', files });
    bench.hear({ kind: 'invalidate', files });
    expect(bench.sent.filter(({ kind }) => kind === 'done')).toHaveLength(2);
  });

  it('does not keep a fill that is older than an invalidation, even one that came first', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.hear({ kind: 'invalidate', files: [{ shard: 'nyc', name: 'b/f', serial: 5 }] });
    bench.answer(fileAt(1), KEEP);
    expect(bench.answers()).toMatchObject([{ ok: true, head: { version: 1 } }]);
    expect(bench.memory()).toBeUndefined();
  });

  it('never lets an older version take the place of a newer one', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.answer(fileAt(2), KEEP);
    bench.hear({ kind: 'invalidate', files: [{ shard: 'nyc', name: 'b/f', serial: 5 }] });
    bench.read(2);
    bench.answer(fileAt(1), { ...KEEP, serial: 5 });
    expect(bench.state.cache.entries.get('b/f')?.head?.version).toBe(2);
  });

  it('takes a lease of another generation for no lease on what it has', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.answer(fileAt(1), KEEP);
    const leases = [{ shard: 'nyc', generation: 2, durationMs: 1000 }];
    bench.hear({ kind: 'renewed', sentMs: bench.state.clock.holderMs, leases, position: 'v1.' });
    expect(bench.memory()).toBeUndefined();
  });

  it('suspects everything when its session breaks, and validates it in one message', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.answer(fileAt(1), KEEP);
    bench.input({ kind: 'closed' });
    expect(bench.memory()).toBeUndefined();
    bench.welcome('s2');
    expect(bench.memory()).toBeUndefined();
    const asked = bench.sent.at(-1);
    expect(asked).toMatchObject({
      kind: 'revalidate',
      files: [{ name: 'b/f', epoch: 1, seq: 11 }],
    });
    if (asked?.kind !== 'revalidate') return;
    const leases = [{ shard: 'nyc', generation: 1, durationMs: 1000 }];
    const { id, sentMs } = asked;
    bench.hear({ kind: 'revalidated', id, keeps: [{ ...KEEP, serial: 1 }], sentMs, leases });
    expect(bench.memory()).toBe(1);
  });

  it('asks again on the next session for what was not answered, under the same request id', () => {
    const bench = new Bench();
    bench.welcome();
    const write = { kind: 'put', name: 'b/f', bytes: new Uint8Array(1), metadata: {} } as const;
    bench.input({ kind: 'write', ticket: 1, requestId: 'r', write, conditions: {} });
    bench.input({ kind: 'closed' });
    bench.welcome('s2');
    const writes = bench.sent.filter((message) => message.kind === 'write');
    expect(writes).toMatchObject([
      { requestId: 'r', since: null },
      { requestId: 'r', since: 'v1.' },
    ]);
    const { id, sentMs } = writes[1] as Extract<ClientMessage, { kind: 'write' }>;
    const answer = { outcome: 'rejected', reason: 'overloaded', current: null } as const;
    bench.hear({ kind: 'written', id, answer, head: null, keep: null, sentMs, leases: [] });
    // The first attempt may have taken effect: a rejection of the second says nothing of it.
    expect(bench.answers()).toMatchObject([{ answer: { outcome: 'unknown' } }]);
  });

  it('keeps its own new version only under terms that came with the answer', () => {
    const bench = new Bench();
    bench.welcome();
    const { content } = fileAt(3);
    const bytes = content?.kind === 'inline' ? content.bytes : new Uint8Array(0);
    const write = { kind: 'put', name: 'b/f', bytes, metadata: {} } as const;
    bench.input({ kind: 'write', ticket: 1, requestId: 'r', write, conditions: {} });
    const { id, sentMs } = bench.sent.at(-1) as Extract<ClientMessage, { kind: 'write' }>;
    const answer = { outcome: 'committed', name: 'b/f', version: 3, epoch: 1, seq: 13, atMs: 0 };
    const leases = [{ shard: 'nyc', generation: 1, durationMs: 1000 }];
    const told = { kind: 'written', id, answer, head: fileAt(3), sentMs, leases } as const;
    bench.hear({ ...told, keep: null } as SiteReply);
    expect(bench.memory()).toBeUndefined();
    bench.input({ kind: 'write', ticket: 2, requestId: 'r2', write, conditions: {} });
    const second = bench.sent.at(-1) as Extract<ClientMessage, { kind: 'write' }>;
    bench.hear({ ...told, id: second.id, keep: KEEP } as SiteReply);
    expect(bench.memory()).toBe(3);
  });

  it('lets go what it has not used for longest when its cache is full, and tells the site', () => {
    const bench = new Bench({ ...DEFAULT_CLIENT_CONFIG, cache: { entries: 1, bytes: 10_000 } });
    bench.welcome();
    bench.read();
    bench.answer(fileAt(1), KEEP);
    bench.input({ kind: 'read', ticket: 2, name: 'b/g', mode: 'strong' });
    bench.answer({ ...fileAt(1), name: 'b/g' }, { ...KEEP, serial: 5 });
    expect([...bench.state.cache.entries.keys()]).toEqual(['b/g']);
    expect(bench.sent.at(-1)).toEqual({
      kind: 'left',
      files: [{ shard: 'nyc', name: 'b/f', serial: 4 }],
    });
  });

  it('renews while there are readers and not for ever', () => {
    const bench = new Bench();
    bench.welcome();
    bench.read();
    bench.answer(fileAt(1), KEEP);
    bench.pass(700);
    bench.input({ kind: 'tick' });
    expect(bench.sent.at(-1)).toMatchObject({ kind: 'renew', shards: ['nyc'] });
    bench.pass(DEFAULT_CLIENT_CONFIG.renewKeepMs + 1);
    const before = bench.sent.length;
    bench.input({ kind: 'tick' });
    expect(bench.sent).toHaveLength(before);
  });

  it('goes on with a feed behind the last change that it handed on', () => {
    const bench = new Bench();
    bench.welcome();
    bench.input({ kind: 'watch', ticket: 7, prefix: 'b/', from: null });
    const { id } = bench.sent.at(-1) as Extract<ClientMessage, { kind: 'watch' }>;
    bench.hear({ kind: 'changes', id, changes: [], cursor: 'v1.nyc:3' });
    bench.input({ kind: 'closed' });
    bench.welcome('s2');
    expect(bench.sent.at(-1)).toMatchObject({ kind: 'watch', prefix: 'b/', from: 'v1.nyc:3' });
  });
});

describe('a write that is made again', () => {
  const write = (since?: string): ClientInput => ({
    kind: 'write',
    ticket: 1,
    requestId: 'r',
    write: { kind: 'delete', name: 'b/f' },
    conditions: {},
    ...(since !== undefined && { since }),
  });
  const rejection = { outcome: 'rejected', reason: 'no_such_file', current: null } as const;

  function rejected(bench: Bench): unknown {
    const sent = bench.sent.findLast((message) => message.kind === 'write');
    if (sent?.kind !== 'write') throw new Error('nothing was sent');
    const { id, sentMs } = sent;
    const rest = { head: null, keep: null, sentMs, leases: [] };
    bench.hear({ kind: 'written', id, answer: rejection, ...rest });
    return bench.answers().at(-1);
  }

  it('says from where on its id may be known, and a rejection is not the last word on it', () => {
    const bench = new Bench();
    bench.welcome();
    bench.input(write('v1.nyc:7'));
    expect(bench.sent.at(-1)).toMatchObject({ kind: 'write', since: 'v1.nyc:7' });
    expect(rejected(bench)).toMatchObject({ answer: { outcome: 'unknown' }, told: rejection });
  });

  it('is rejected for certain when nothing is known of an earlier attempt', () => {
    const bench = new Bench();
    bench.welcome();
    bench.input(write());
    expect(bench.sent.at(-1)).toMatchObject({ kind: 'write', since: null });
    expect(rejected(bench)).toMatchObject({ answer: rejection, told: rejection });
  });
});

it('asks after a reconnect for no more names than fit one message', () => {
  const bench = new Bench();
  bench.welcome();
  const names = Array.from({ length: 500 }, (_, index) => `b/${'\u0001'.repeat(1000)}${index}`);
  for (const name of names) {
    bench.input({ kind: 'read', ticket: 1, name, mode: 'strong' });
    bench.answer({ ...fileAt(1), name }, KEEP);
  }
  bench.input({ kind: 'closed' });
  bench.welcome('s2');
  const asked = bench.sent.at(-1);
  if (asked?.kind !== 'revalidate') throw new Error('nothing is asked');
  expect(asked.files.length).toBeGreaterThan(100);
  expect(asked.files[0]?.name).toBe(names.at(-1));
  expect(JSON.stringify(asked).length).toBeLessThan(TEXT_LIMIT_CHARACTERS);
});
