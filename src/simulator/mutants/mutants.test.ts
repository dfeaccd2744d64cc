import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MUTANTS as REPLICATION } from '../../../mutants/replication.js';
import { MUTANTS as SUCCESSION } from '../../../mutants/succession.js';
import { drawOptions } from '../options.js';
import { mutate } from './mutant.js';

const MUTANTS = [...REPLICATION, ...SUCCESSION];

describe('the table of mutants', () => {
  it('has at least 25, each under a name of its own', () => {
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
  });

  it.each(MUTANTS.map((mutant) => [mutant.id, mutant] as const))(
    'fits the code: %s',
    (_, mutant) => {
      for (const file of new Set(mutant.edits.map((edit) => edit.file))) {
        const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
        const mutated = mutate(mutant, file, text);
        expect(mutated).toMatchObject({ ok: true });
        expect(mutated.ok && mutated.text !== text).toBe(true);
      }
      const { only, set, sites } = mutant;
      const settings = { ...(only && { only }), ...(set && { set }), ...(sites && { sites }) };
      expect(() => drawOptions(1, settings)).not.toThrow();
    },
  );
});
