import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../protocol/log-entry.js';
import type { TableRule } from '../../protocol/ports.js';
import { nameHash, parsePattern, shardOf, withRule } from '../../protocol/primary-table.js';
import {
  createOwnership,
  isMove,
  noteMove,
  owns,
  recount,
  settleMove,
} from '../../protocol/shard/ownership.js';
import {
  createRequestTable,
  mayBeForgotten,
  noteRequest,
  unnoteRequest,
} from '../../protocol/shard/request-table.js';

const NAMES = ['a/f', 'a/x/f', 'b/f', 'b/x/f', 'b/x/y'];
const PATTERNS = ['a/f', '*/f', 'a/*', '*/x/*', 'b/x/*'];

/** Which rule speaks for a name: tries the kinds of rules in the order that people are told. */
function naiveShard(rules: readonly TableRule[], name: string): string {
  const path = name.slice(name.indexOf('/') + 1);
  const texts = rules.flatMap(({ pattern, shards }) =>
    pattern.kind === 'default'
      ? []
      : [{ text: pattern.kind === 'exact' ? pattern.name : `${pattern.prefix}*`, shards }],
  );
  const candidates = [name, `*/${path}`];
  for (let length = name.length; length >= 0; length -= 1) {
    candidates.push(`${name.slice(0, length)}*`);
    const rest = length - 2;
    if (rest >= 0 && rest <= path.length) candidates.push(`*/${path.slice(0, rest)}*`);
  }
  for (const candidate of candidates) {
    const found = texts.find(({ text }) => text === candidate);
    if (found !== undefined) return found.shards[0] ?? '';
  }
  const spread = rules.find(({ pattern }) => pattern.kind === 'default')?.shards ?? [];
  return spread[nameHash(name) % spread.length] ?? '';
}

describe('the primary table and its twin', () => {
  it('agree for every set of rules, in every order of two', () => {
    const spread: TableRule = { pattern: { kind: 'default' }, shards: ['nyc', 'tor', 'lon'] };
    for (let mask = 0; mask < 2 ** PATTERNS.length; mask += 1) {
      const chosen = PATTERNS.filter((_, index) => (mask >> index) % 2 === 1);
      const rules: TableRule[] = chosen.map((text) => ({
        pattern: parsePattern(text),
        shards: [`of ${text}`],
      }));
      for (const table of [
        [spread, ...rules],
        [...rules.reverse(), spread],
      ]) {
        for (const name of NAMES) {
          expect(shardOf(table, name), `${name} in ${chosen.join()}`).toBe(naiveShard(table, name));
        }
      }
    }
  });
});

type Move = { kind: 'move-out' | 'move-in' | 'move-back'; table: number };

function moveEntry(seq: number, { kind, table }: Move): LogEntry {
  const moved = { pattern: { kind: 'prefix', prefix: 'a/' }, tableVersion: table } as const;
  const operation =
    kind === 'move-in'
      ? { kind, ...moved }
      : { kind, ...moved, to: kind === 'move-out' ? 'other' : 'own' };
  return { epoch: 1, seq, atMs: 0, requestId: '', operation };
}

describe('ownership and its twin', () => {
  const moves: Move[] = (['move-out', 'move-in', 'move-back'] as const).flatMap((kind) =>
    [1, 2].map((table) => ({ kind, table })),
  );
  const rules: TableRule[] = [{ pattern: { kind: 'default' }, shards: ['own'] }];

  /** The last move whose table version no earlier one exceeds decides. */
  const naiveOwns = (log: readonly Move[]): boolean => {
    let state: Move | undefined;
    for (const move of log) if (state === undefined || move.table >= state.table) state = move;
    return state === undefined || state.kind !== 'move-out';
  };

  it('agree after every log of three moves, however much of it is settled and cut', () => {
    for (const first of moves) {
      for (const second of moves) {
        for (const third of moves) {
          const log = [first, second, third];
          for (let settled = 0; settled <= 3; settled += 1) {
            for (let kept = settled; kept <= 3; kept += 1) {
              const ownership = createOwnership('own', rules, []);
              const entries = log.map((move, index) => moveEntry(index + 1, move));
              for (const entry of entries) noteMove(ownership, entry);
              expect(owns(ownership, 'a/f')).toBe(naiveOwns(log));
              for (const entry of entries.slice(0, settled)) settleMove(ownership, entry);
              recount(ownership, entries.slice(settled, kept));
              expect(owns(ownership, 'a/f')).toBe(naiveOwns(log.slice(0, kept)));
              expect(owns(ownership, 'b/f')).toBe(true);
              const records = [...ownership.moved.values()];
              const opened = createOwnership('own', rules, records);
              expect(owns(opened, 'a/f')).toBe(owns(ownership, 'a/f'));
              expect(entries.every(isMove)).toBe(true);
            }
          }
        }
      }
    }
  });
});

describe('the request table', () => {
  const CAPACITY = 10;
  const entry = (seq: number): LogEntry => ({
    epoch: 1,
    seq,
    atMs: 0,
    requestId: seq % 3 === 0 ? '' : `r${seq}`,
    operation: { kind: 'put', name: 'f', version: seq, metadata: {}, content: CONTENT },
  });
  const CONTENT = { kind: 'inline', size: 0, etag: '', bytes: new Uint8Array(0) } as const;

  it('never forgets an id that a session within the horizon may retry', () => {
    const table = createRequestTable([]);
    for (let end = 1; end <= 4000; end += 1) {
      noteRequest(table, entry(end), CAPACITY);
      for (let seq = Math.max(1, end - CAPACITY + 1); seq <= end; seq += 1) {
        expect(table.records.get(`r${seq}`)?.version).toBe(seq % 3 === 0 ? undefined : seq);
        // a request of a session that began right before that entry is not refused
        expect(mayBeForgotten(seq - 1, end, CAPACITY)).toBe(false);
      }
      expect(mayBeForgotten(end - CAPACITY - 1, end, CAPACITY)).toBe(true);
    }
    expect(table.records.size).toBeLessThanOrEqual(CAPACITY + 1024);
    expect(table.order.length).toBeLessThanOrEqual(CAPACITY + 1024);
  });

  it('is what it was before, for every cut', () => {
    for (let kept = 0; kept <= 6; kept += 1) {
      const table = createRequestTable([]);
      for (let seq = 1; seq <= 6; seq += 1) noteRequest(table, entry(seq), CAPACITY);
      for (let seq = 6; seq > kept; seq -= 1) unnoteRequest(table, entry(seq));
      const plain = createRequestTable([]);
      for (let seq = 1; seq <= kept; seq += 1) noteRequest(plain, entry(seq), CAPACITY);
      expect([...table.records]).toEqual([...plain.records]);
      expect(table.order).toEqual(plain.order);
    }
  });

  it('goes on from what a snapshot brought', () => {
    const records = [{ requestId: 'old', epoch: 1, seq: 5, name: 'f', version: 2 }];
    expect(createRequestTable(records).records.get('old')).toEqual(records[0]);
    expect(mayBeForgotten(null, 1_000_000, CAPACITY)).toBe(false);
  });

  it('adds rules by pattern, one each', () => {
    const rules = withRule([{ pattern: parsePattern('a/*'), shards: ['x'] }], {
      pattern: parsePattern('a/*'),
      shards: ['y'],
    });
    expect(rules).toEqual([{ pattern: { kind: 'prefix', prefix: 'a/' }, shards: ['y'] }]);
  });
});
