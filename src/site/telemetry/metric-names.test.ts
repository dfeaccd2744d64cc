import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { METRICS } from './metric-declarations.js';

const read = (path: string): Promise<string> =>
  readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

const known = new Set(
  Object.entries(METRICS).flatMap(([name, { type }]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);
const named = (text: string): string[] => [
  ...new Set(text.match(/\b(?:quorate|process)_[a-z_]+[a-z]\b/g)),
];

describe('the names of metrics', () => {
  it.each(['deploy/prometheus/alerts.yml', 'deploy/grafana/quorate.json'])(
    'in %s are those that sites tell',
    async (path) => {
      const names = named(await read(path));
      expect(names.length).toBeGreaterThan(5);
      expect(names.filter((name) => !known.has(name))).toEqual([]);
    },
  );

  it('are all in the table of docs/operations.md, with type, labels and meaning', async () => {
    const rows = (await read('docs/operations.md'))
      .split('\n')
      .filter((line) => /^\| `/.test(line));
    const expected = Object.entries(METRICS).map(
      ([name, { type, labels, help }]) =>
        `| \`${name}\` | ${type} | ${labels.join(', ') || '–'} | ${help} |`,
    );
    expect(rows).toEqual(expected);
  });

  it('has advice in docs/operations.md for every alert', async () => {
    const text = await read('docs/operations.md');
    const alerts = [...(await read('deploy/prometheus/alerts.yml')).matchAll(/alert: (\w+)/g)];
    expect(alerts.length).toBeGreaterThan(5);
    for (const [, name] of alerts) expect(text).toContain(`### ${name}\n`);
  });
});
