import { describe, expect, it } from 'vitest';
import type { LogEntry } from '../../protocol/log-entry.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../protocol/shard/config.js';
import { endSeq, slice } from '../../protocol/shard/log-tail.js';
import type { Append } from '../../protocol/shard/messages.js';
import { createShardState, type ShardState } from '../../protocol/shard/state.js';
import { step } from '../../protocol/shard/step.js';
import { allLogs, naiveAppend } from './naive-log.js';

const NOW = { monoMs: 0, wallMs: 0 };

function entries(epochs: readonly number[], after = 0): LogEntry[] {
  return epochs.map((epoch, index) => ({
    epoch,
    seq: after + index + 1,
    atMs: 0,
    requestId: '',
    operation: { kind: 'noop' },
  }));
}

/** A replica that starts with this log, and has promised epoch 4 to the site `tor`. */
function replica(epochs: readonly number[], commitSeq: number): ShardState {
  const config = {
    shard: 'shard',
    site: 'nyc',
    run: 'nyc-1',
    incarnation: 1,
    starts: 1,
    succession: ['nyc', 'tor', 'lon'],
    writeQuorum: 2,
    timing: DEFAULT_TIMING,
    limits: DEFAULT_LIMITS,
  };
  const state = createShardState(
    config,
    {
      opened: {
        base: { epoch: 0, seq: 0 },
        entries: entries(epochs),
        hardState: { promisedEpoch: 4, promisedRun: 'tor-1', joined: true, installing: false },
        tornBytes: 0,
      },
      viewPosition: { epoch: 0, seq: 0 },
      requests: [],
      ownership: [],
      configuration: null,
      initialRules: [],
      missingContent: new Set(),
    },
    NOW,
  );
  state.commitSeq = commitSeq;
  state.provenSeq = commitSeq;
  return state;
}

function append(previousEpoch: number, previousSeq: number, epochs: readonly number[]): Append {
  return {
    kind: 'append',
    epoch: 4,
    run: 'tor-1',
    previous: { epoch: previousEpoch, seq: previousSeq },
    entries: entries(epochs, previousSeq),
    commitSeq: 0,
    releasedSeq: 0,
    trimSeq: 0,
    beat: null,
    target: null,
  };
}

function compare(log: readonly number[], commitSeq: number, message: Append): void {
  const state = replica(log, commitSeq);
  const { previous } = message;
  const epochs = message.entries.map(({ epoch }) => epoch);
  const expected = naiveAppend(log, commitSeq, {
    previousEpoch: previous.epoch,
    previousSeq: previous.seq,
    epochs,
  });
  const where = `log ${log.join()} commit ${commitSeq} after ${previous.epoch}/${previous.seq} [${epochs.join()}]`;
  const give = () => step(state, { kind: 'message', from: 'tor', message }, NOW);
  if (expected.matched === 'conflict') {
    expect(give, where).toThrow('I2');
    return;
  }
  const effects = give();
  const result = slice(state.log, 1, endSeq(state.log)).map(({ epoch }) => epoch);
  expect(result, where).toEqual(expected.log);
  const kinds = effects.flatMap((effect) => (effect.kind === 'send' ? effect.message.kind : []));
  expect(kinds, where).toEqual(
    !expected.matched ? ['mismatch'] : epochs.length > 0 ? ['appended'] : [],
  );
  if (expected.matched) {
    expect(state.provenSeq, where).toBe(Math.max(commitSeq, expected.provenSeq));
    // † an acknowledgement names the last seq proven, and nothing that is not yet on disk
    for (const effect of effects) {
      if (effect.kind !== 'send' || effect.message.kind !== 'appended') continue;
      expect(effect.message.durableSeq, where).toBeLessThanOrEqual(state.provenSeq);
      expect(effect.message.durableSeq, where).toBeLessThanOrEqual(log.length);
    }
  }
}

describe('log reconciliation and its twin', () => {
  const logs = allLogs(4, 3);

  it('agree on every append of a part of a log to every other log, up to four entries', () => {
    let cases = 0;
    for (const log of logs) {
      for (const sent of logs) {
        for (let from = 0; from <= sent.length; from += 1) {
          for (let to = from; to <= sent.length; to += 1) {
            const previousEpoch = from === 0 ? 0 : (sent[from - 1] ?? 0);
            compare(log, 0, append(previousEpoch, from, sent.slice(from, to)));
            cases += 1;
          }
        }
      }
    }
    expect(cases).toBeGreaterThan(10_000);
  });

  it('agree where a part has committed, which the sender has, too', () => {
    for (const log of logs) {
      for (const sent of logs) {
        let equal = 0;
        while (equal < log.length && log[equal] === sent[equal]) equal += 1;
        for (let commitSeq = 1; commitSeq <= equal; commitSeq += 1) {
          for (let from = 0; from <= sent.length; from += 1) {
            const previousEpoch = from === 0 ? 0 : (sent[from - 1] ?? 0);
            compare(log, commitSeq, append(previousEpoch, from, sent.slice(from)));
          }
        }
      }
    }
  });

  it('stop rather than cut what has committed (I2)', () => {
    compare([1, 1, 1], 3, append(1, 1, [1, 2]));
    compare([1, 2, 2], 2, append(1, 1, [3]));
  });
});
