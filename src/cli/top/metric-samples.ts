/** One line of a page of metrics. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Page {
  /** When it was asked for, in milliseconds of a clock that never goes back. */
  readonly atMs: number;
  readonly samples: ReadonlyMap<string, readonly MetricSample[]>;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

/** Reads the text format of Prometheus; lines that are none of it are passed over. */
export function readMetrics(text: string, atMs: number): Page {
  const samples = new Map<string, MetricSample[]>();
  for (const line of text.split('\n')) {
    const [, name, labelText = '', valueText = ''] = LINE.exec(line) ?? [];
    if (name === undefined) continue;
    const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText);
    if (Number.isNaN(value)) continue;
    const known = samples.get(name);
    const sample = { name, labels: readLabels(labelText), value };
    if (known === undefined) samples.set(name, [sample]);
    else known.push(sample);
  }
  return { atMs, samples };
}

function readLabels(text: string): Record<string, string> {
  const entries = [...text.matchAll(LABEL)].map(([, key = '', value = '']): [string, string] => [
    key,
    value.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter),
  ]);
  return Object.fromEntries(entries);
}
