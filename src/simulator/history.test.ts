import { describe, expect, it } from 'vitest';
import { parseHistory, stringifyHistory } from './history.js';
import { generateHistory } from './judges/register-model.js';
import { Random } from './random.js';

const HEADER = '{"type":"history","version":1}\n';
const READ =
  '{"type":"operation","client":"c","site":"s","id":1,"kind":"read","name":"b/f",' +
  '"startMs":1,"endMs":2,"outcome":"ok","version":1,"value":"x"}\n';

describe('the history format', () => {
  it('comes back as it was written', () => {
    const history = generateHistory(new Random(1), {
      operations: 200,
      clients: 3,
      files: 2,
      readChance: 0.5,
      deleteChance: 0.1,
      conditionChance: 0.2,
      unknownChance: 0.1,
      flaw: 'none',
      flawChance: 0,
    });
    expect(parseHistory(stringifyHistory(history))).toEqual({ ok: true, history });
  });

  it.each([
    ['', 1, 'no header'],
    ['{"type":"history","version":2}\n', 1, 'version 2 is not known'],
    [`${HEADER}{`, 2, 'not JSON'],
    [`${HEADER}${READ}${READ}`, 3, 'id 1 is used twice'],
    [`${HEADER}\n${READ.replace('"read"', '"eat"')}`, 3, 'kind'],
    [HEADER + READ.replace('"endMs":2', '"endMs":0'), 2, 'ends before it starts'],
    [HEADER + READ.replace('"ok"', '"committed"'), 2, 'outcome'],
    [HEADER + READ.replace('"version":1,', ''), 2, 'has no version'],
    [HEADER + READ.replace('"id"', '"surprise":1,"id"'), 2, 'surprise'],
    [`${HEADER}{"type":"tale"}`, 2, 'type'],
  ])('names the line and the reason of what is wrong: %j', (text, line, reason) => {
    const parsed = parseHistory(text);
    expect(parsed).toMatchObject({ ok: false, line });
    expect(!parsed.ok && parsed.reason).toContain(reason);
  });
});
