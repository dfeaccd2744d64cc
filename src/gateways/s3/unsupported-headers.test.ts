import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { refuseUnsupportedHeaders, refuseUnsupportedParameters } from './unsupported-headers.js';

/** The rows of the tables of docs/s3.md, by the title of their first column. */
function tableOf(title: string): string[][] {
  const text = readFileSync(new URL('../../../docs/s3.md', import.meta.url), 'utf8');
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${title} |`));
  const end = lines.indexOf('', start);
  return lines.slice(start + 2, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const bare = (cell = '') => /^`([^`]*)`$/.exec(cell)?.[1];

describe('the table of headers in docs/s3.md', () => {
  it.each(tableOf('header'))('is right that %s %s %s', (header, becomes, value) => {
    const name = bare(header)!;
    const refused = refuseUnsupportedHeaders({ [name]: bare(value) ?? 'any' }, 'owner');
    expect(['understood', 'is so anyhow', 'makes no difference', '501']).toContain(becomes);
    if (becomes === '501') {
      expect(refused).toMatchObject({ code: 'NotImplemented', details: expect.anything() });
    } else {
      expect(refused).toBe(null);
    }
  });
});

describe('the table of query parameters in docs/s3.md', () => {
  it.each(tableOf('parameter'))('is right about %s', (parameter, onReads, onWrites) => {
    const name = bare(parameter)!;
    for (const [method, becomes = ''] of [
      ['GET', onReads],
      ['PUT', onWrites],
    ] as const) {
      const refused = refuseUnsupportedParameters(method, [{ name, value: '' }]);
      const code = becomes === '501' ? 'NotImplemented' : bare(becomes);
      expect(refused?.code).toBe(code);
    }
  });
});
