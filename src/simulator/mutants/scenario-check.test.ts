import { describe, expect, it } from 'vitest';
import { judgeScenarioFailure } from './scenario-check.js';
import { playScenario } from '../scenario/script.js';

function failureOf(text: string): unknown {
  try {
    playScenario(text);
  } catch (error) {
    return error;
  }
  throw new Error('it passed');
}

const START = 'win nyc\nsettle\nwrite nyc f one as w1\nsettle\n';

describe('a scenario that a mutant fails', () => {
  it.each([
    'expect answer w1 rejected no_primary',
    'expect tor file f v2 1/2',
    'expect nyc acts no',
    'expect lon commit 1',
  ])('proves something where it shows in what is visible: %s', (line) => {
    const verdict = judgeScenarioFailure(failureOf(START + line));
    expect(verdict).toMatchObject({ verdict: 'killed', by: line });
  });

  it('proves something where the protocol itself noticed', () => {
    const failure = Object.assign(new Error('line 3'), { command: 'settle', reason: 'I2: no' });
    expect(judgeScenarioFailure(failure)).toMatchObject({ verdict: 'killed', by: 'I2' });
  });

  it.each(['expect nyc role replica', 'deliver nyc>tor append', 'expect lon log empty'])(
    'proves nothing where nobody would notice: %s',
    (line) => {
      expect(judgeScenarioFailure(failureOf(START + line)).verdict).toBe('unusable');
    },
  );
});
