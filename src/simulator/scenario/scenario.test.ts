import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { playScenario, ScenarioFailure } from './script.js';

/*
 * Every file in scenarios/ is played, and its trace compared with the one beside it. After a change
 * that is meant, `UPDATE_SCENARIOS=1 npx vitest run src/simulator/scenario` writes the traces anew;
 * the difference is read before it is committed.
 */
const FOLDER = fileURLToPath(new URL('../../../scenarios/', import.meta.url));
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.slice(0, -'.txt'.length))
  .sort();

describe('scenarios', () => {
  it.each(NAMES)('%s', (name) => {
    const trace = `${playScenario(readFileSync(`${FOLDER}${name}.txt`, 'utf8')).join('\n')}\n`;
    const golden = `${FOLDER}${name}.trace`;
    if (process.env['UPDATE_SCENARIOS'] === '1') writeFileSync(golden, trace);
    expect(existsSync(golden), 'no trace yet: UPDATE_SCENARIOS=1 writes it').toBe(true);
    expect(trace).toBe(readFileSync(golden, 'utf8'));
  });

  it('leaves no trace without its scenario', () => {
    const traces = readdirSync(FOLDER).filter((file) => file.endsWith('.trace'));
    expect(traces.map((file) => file.replace('.trace', '')).sort()).toEqual(NAMES);
  });
});

describe('the scenario language', () => {
  const failure = (text: string): ScenarioFailure => {
    try {
      playScenario(text);
    } catch (error) {
      if (error instanceof ScenarioFailure) return error;
      throw error;
    }
    throw new Error('it passed');
  };

  it('says which line does not hold, and what is there instead', () => {
    const { message } = failure('win nyc\n\nexpect nyc role replica // no');
    expect(message).toBe('line 3, "expect nyc role replica": it is candidate e1');
  });

  it.each([
    ['fly nyc', 'no such command: fly'],
    ['deliver nyc>tor append', 'no such message is under way'],
    ['deliver nyc tor', '"nyc" is not from>to'],
    ['sync nyc', 'nothing is on its way to disk'],
    ['win par', 'no such site: par'],
    ['win nyc\nquorum 2', 'comes too late'],
    ['timing patienceMs 5', 'no such duration: patienceMs'],
    ['write nyc f one', 'say "as NAME"'],
    ['advance soon', 'soon is not a number'],
    ['crash tor\nexpect tor role replica', 'tor is down'],
  ])('refuses %j', (text, reason) => {
    expect(failure(text).message).toContain(reason);
  });
});
