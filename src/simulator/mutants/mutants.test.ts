import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drawOptions } from '../options.js';
import { type Mutant, mutate } from './mutant.js';

const ROOT = new URL('../../../', import.meta.url);
const MUTANTS: readonly Mutant[] = await readTables();

async function readTables(): Promise<Mutant[]> {
  const files = readdirSync(new URL('mutants/', ROOT)).filter((name) => name.endsWith('.ts'));
  const tables = await Promise.all(
    files.map(async (file) => {
      const path = new URL(`mutants/${file}`, ROOT).href;
      const { MUTANTS: table } = (await import(path)) as { readonly MUTANTS?: readonly Mutant[] };
      return table ?? [];
    }),
  );
  return tables.flat();
}

describe('the table of mutants', () => {
  it('has at least 95, each under a name of its own', () => {
    expect(new Set(MUTANTS.map(({ id }) => id)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(95);
  });

  it('names for each that is redundant another one that is not', () => {
    for (const { id, redundant } of MUTANTS) {
      if (redundant === undefined) continue;
      const guard = MUTANTS.find((mutant) => mutant.id === redundant.guard);
      expect(guard, id).toBeDefined();
      expect(guard?.redundant, id).toBeUndefined();
    }
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
      const { only, set, sites, scenario } = mutant;
      if (scenario !== undefined) {
        expect(existsSync(new URL(`scenarios/${scenario}.txt`, ROOT)), scenario).toBe(true);
      }
      const settings = { ...(only && { only }), ...(set && { set }), ...(sites && { sites }) };
      expect(() => drawOptions(1, settings)).not.toThrow();
    },
  );
});
