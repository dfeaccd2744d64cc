import { describe, expect, it } from 'vitest';
import type { HardState, ShardLog } from '../../protocol/ports.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../protocol/shard/config.js';
import type { Append, ShardMessage } from '../../protocol/shard/messages.js';
import { createShardState, type PrimaryRole, type ShardState } from '../../protocol/shard/state.js';
import { judgeActingExclusion } from './acting-exclusion.js';
import { judgeDurableAnswer } from './durable-answer.js';
import type { Finding } from './finding.js';
import { KeptAcknowledgements } from './kept-acknowledgement.js';
import { ToldRemainder } from './told-remainder.js';

const ORIGIN = { epoch: 0, seq: 0 };

function promise(promisedEpoch: number): HardState {
  return { promisedEpoch, promisedRun: `run-${promisedEpoch}`, joined: true, installing: false };
}

describe('kept acknowledgements (I6)', () => {
  const silent: ShardLog = {
    write: () => {},
    read: () => {},
    trim: () => {},
    reset: () => {},
  };
  const done = (): void => {};

  function makeSite(): { kept: KeptAcknowledgements; log: ShardLog; found: Finding[] } {
    const found: Finding[] = [];
    const kept = new KeptAcknowledgements('tor', (finding) => found.push(finding));
    const log = kept.watchLog('nyc', 3, silent);
    kept.acknowledged('nyc', 3, 7);
    return { kept, log, found };
  }

  it('accept a cut behind what was acknowledged, and any that a later primary asks for', () => {
    const { log, found } = makeSite();
    log.write({ cutFrom: 8, entries: [] }, done);
    log.write({ cutFrom: 5, entries: [], hardState: promise(4) }, done);
    log.reset({ epoch: 3, seq: 2 }, promise(4), done);
    expect(found).toEqual([]);
  });

  it('find a cut of what was acknowledged in the epoch that is followed still', () => {
    const { log, found } = makeSite();
    log.write({ cutFrom: 7, entries: [] }, done);
    log.reset({ epoch: 3, seq: 6 }, promise(3), done);
    expect(found.map(({ invariant }) => invariant)).toEqual(['I6', 'I6']);
  });

  it('remember it across a restart, unless the site declares that it has forgotten', () => {
    const { kept, found } = makeSite();
    kept.watchLog('nyc', 3, silent).write({ cutFrom: 7, entries: [] }, done);
    expect(found).toHaveLength(1);
    kept.forgotten();
    kept.watchLog('nyc', 3, silent).write({ cutFrom: 1, entries: [] }, done);
    expect(found).toHaveLength(1);
  });
});

describe('told remainders (I9)', () => {
  const reign = { epoch: 1, run: 'a' };
  const beat: Append = {
    ...reign,
    kind: 'append',
    previous: ORIGIN,
    entries: [],
    commitSeq: 0,
    releasedSeq: 0,
    trimSeq: 0,
    beat: { sentMs: 40, actMs: 1500 },
    target: null,
  };
  const appended: ShardMessage = {
    ...reign,
    kind: 'appended',
    incarnation: 1,
    durableSeq: 0,
    joining: false,
    beatSentMs: 40,
  };
  const promised = (remainderMs: number): ShardMessage => ({
    kind: 'promised',
    epoch: 2,
    run: 'b',
    incarnation: 1,
    end: ORIGIN,
    commitSeq: 0,
    remainderMs,
  });

  function makeReplica(): { clock: { nowMs: number }; word: ToldRemainder } {
    const clock = { nowMs: 100 };
    const word = new ToldRemainder('lon', () => clock.nowMs);
    word.arrives('nyc', beat);
    clock.nowMs = 110;
    return { clock, word };
  }

  it('accept what is left, counted from the first arrival of what was acknowledged', () => {
    const { clock, word } = makeReplica();
    expect(word.leaves('nyc', promised(0))).toBeNull(); // nothing was agreed to yet
    expect(word.leaves('nyc', appended)).toBeNull();
    clock.nowMs = 600;
    expect(word.leaves('nyc', promised(1000))).toBeNull();
    clock.nowMs = 1600;
    expect(word.leaves('nyc', promised(0))).toBeNull();
  });

  it('find less than that', () => {
    const { clock, word } = makeReplica();
    word.leaves('nyc', appended);
    clock.nowMs = 600;
    expect(word.leaves('nyc', promised(999))?.invariant).toBe('I9');
    expect(word.leaves('tor', promised(0))).toBeNull(); // of another shard
  });

  it('are taken back by a withdrawal of that epoch, and of no other', () => {
    const { word } = makeReplica();
    word.leaves('nyc', appended);
    word.leaves('nyc', { kind: 'withdrawn', epoch: 2, run: 'b' });
    expect(word.leaves('nyc', { ...promised(0), epoch: 3 } as ShardMessage)).not.toBeNull();
    word.leaves('nyc', { kind: 'withdrawn', ...reign });
    word.leaves('nyc', appended); // it was on its way
    expect(word.leaves('nyc', promised(0))).toBeNull();
  });

  it('are taken back by a candidate that heard the withdrawal', () => {
    const { word } = makeReplica();
    word.leaves('nyc', appended);
    const prepare = { kind: 'prepare', epoch: 2, run: 'b' } as const;
    word.arrives('nyc', prepare);
    expect(word.leaves('nyc', promised(0))).not.toBeNull();
    word.arrives('nyc', { ...prepare, withdrawn: reign });
    expect(word.leaves('nyc', promised(0))).toBeNull();
  });
});

describe('exclusion of those who act (I9)', () => {
  function primary(site: string, epoch: number, actEndMs: number): ShardState {
    const state = createShardState(
      {
        shard: 'nyc',
        site,
        run: `${site}-1`,
        incarnation: 1,
        starts: 1,
        succession: ['nyc', 'tor', 'lon'],
        writeQuorum: 2,
        timing: DEFAULT_TIMING,
        limits: DEFAULT_LIMITS,
      },
      {
        opened: { base: ORIGIN, entries: [], hardState: promise(epoch), tornBytes: 0 },
        viewPosition: ORIGIN,
        requests: [],
        ownership: [],
        configuration: null,
        initialRules: [],
        missingContent: new Set(),
      },
      { monoMs: 0, wallMs: 0 },
    );
    const replicas = new Map([['lon', { actEndMs }]]);
    state.role = { kind: 'primary', epoch, replicas, withdrawal: null } as unknown as PrimaryRole;
    return state;
  }
  const now = { monoMs: 500, wallMs: 500 };
  const judge = (state: ShardState, at = now): Finding | null =>
    judgeActingExclusion('nyc', { site: 'tor', epoch: 2 }, [{ site: 'nyc', state, now: at }]);

  it('accepts an earlier primary whose time is over, by either of its clocks', () => {
    expect(judge(primary('nyc', 1, 400))).toBeNull();
    expect(judge(primary('nyc', 1, 600), { monoMs: 500, wallMs: 700 })).toBeNull();
  });

  it('finds one that may act still', () => {
    expect(judge(primary('nyc', 1, 600))?.invariant).toBe('I9');
  });

  it('leaves alone a later primary', () => {
    expect(judge(primary('nyc', 3, 600))).toBeNull();
  });
});

describe('durable answers (I15)', () => {
  const what = { name: 'b/f', shard: 'nyc', seq: 5 };
  const held = (
    site: string,
    durableSeq: number,
    rest = {},
  ): Parameters<typeof judgeDurableAnswer>[1][number] => ({
    site,
    durableSeq,
    hasContent: true,
    isExcused: false,
    ...rest,
  });

  it('accept what W disks hold, and do not ask the one that lost its bytes', () => {
    expect(
      judgeDurableAnswer(what, [held('nyc', 5), held('tor', 9), held('lon', 0)], 2),
    ).toBeNull();
    const lost = held('lon', 0, { isExcused: true });
    expect(judgeDurableAnswer(what, [held('nyc', 5), held('tor', 4), lost], 2)).toBeNull();
  });

  it('find an entry, or its content, that is on fewer', () => {
    const late = [held('nyc', 4), held('tor', 5), held('lon', 4)];
    expect(judgeDurableAnswer(what, late, 2)?.invariant).toBe('I15');
    const bare = [held('nyc', 5), held('tor', 5, { hasContent: false }), held('lon', 4)];
    expect(judgeDurableAnswer(what, bare, 2)?.message).toContain('the disk of nyc alone');
  });
});
