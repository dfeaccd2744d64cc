import { expect, it } from 'vitest';
import { drawOptions } from '../../../src/simulator/options.js';
import { planRun } from '../../../src/simulator/world/run.js';
import { traceRun } from '../../../src/simulator/world/traced-run.js';
import { RecordedCluster } from './recorded-cluster.ts';
import { LIMITS, Recorder } from './recorder.ts';
import { readTrace } from './trace-text.ts';

const HEADER = { type: 'trace', version: 1, seed: 7, options: {} };

function message(sentMs: number, more: object = {}): object {
  const ask = { kind: 'ask-end', id: 1, run: 'r', shard: 'nyc' };
  const way = { from: 'nyc', to: 'tor', session: 1, sentMs, arrivedMs: sentMs + 10 };
  return { type: 'message', ...way, fate: 'delivered', message: ask, ...more };
}

function recorded(lines: readonly object[], limits = LIMITS): RecordedCluster {
  const recorder = new Recorder(limits);
  for (const line of [HEADER, ...lines]) recorder.take(line);
  const recording = recorder.finish();
  if (recording === null) throw new Error('there is a header');
  return new RecordedCluster(recording);
}

function stream(text: string, pieceBytes: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(at, at + pieceBytes));
      at += pieceBytes;
      if (at >= bytes.length) controller.close();
    },
  });
}

it('follows a run of the simulator: who serves, what was committed, and a clean verdict', () => {
  const recorder = new Recorder();
  traceRun(planRun(drawOptions(2, {})), (line) => recorder.take(line));
  const recording = recorder.finish();
  if (recording === null) throw new Error('a run has a header');
  const { findings, hasEnd, leftOut, endMs } = recording;
  expect({ findings, hasEnd, leftOut }).toEqual({
    findings: [],
    hasEnd: true,
    leftOut: { messages: 0, moments: 0, steps: 0, operations: 0, lines: 0 },
  });
  const cluster = new RecordedCluster(recording);
  expect(cluster.reigns(endMs).every(({ reign }) => reign.site !== '')).toBe(true);
  expect(cluster.endedBy(0).committed).toBe(0);
  expect(cluster.endedBy(endMs).committed).toBeGreaterThan(0);
});

it('shows a site and its files as they are at a moment, before and after', () => {
  const serving = { kind: 'serving', epoch: 3, waitedMs: 0 };
  const cluster = recorded([
    { type: 'site', atMs: 0, site: 'nyc', state: 'up' },
    { type: 'event', atMs: 50, site: 'nyc', shard: 'nyc', event: serving },
    { type: 'site', atMs: 80, site: 'nyc', state: 'down' },
  ]);
  const at = (ms: number): unknown => [cluster.sites(ms)[0]?.text, cluster.reigns(ms)[0]?.reign];
  expect(at(49)).toEqual(['primary of nothing', { site: '', epoch: 0 }]);
  expect(at(50)).toEqual(['primary of nyc', { site: 'nyc', epoch: 3 }]);
  expect(at(80)).toEqual(['down', { site: '', epoch: 3 }]);
});

it('lets an earlier epoch take nothing from a later one', () => {
  const serving = (site: string, epoch: number, atMs: number): object => {
    return { type: 'event', atMs, site, shard: 'nyc', event: { kind: 'serving', epoch } };
  };
  const cluster = recorded([serving('tor', 4, 10), serving('nyc', 3, 20)]);
  expect(cluster.reigns(30)[0]?.reign).toEqual({ site: 'tor', epoch: 4 });
});

it('draws a message where it is, and one that is lost fading', () => {
  const lost = { arrivedMs: null, fate: 'lost' };
  const cluster = recorded([message(100), message(200, lost)]);
  expect(cluster.marks(105, new Set())).toMatchObject([{ from: 'nyc', share: 0.5, strength: 1 }]);
  expect(cluster.marks(110, new Set())).toEqual([]);
  const [fading] = cluster.marks(215, new Set());
  expect(fading?.strength).toBeCloseTo(0.5);
  expect(cluster.marks(105, new Set(['read']))).toEqual([]);
});

it('says which way of a link is cut, until it is healed', () => {
  const cluster = recorded([
    { type: 'link', atMs: 10, from: 'nyc', to: 'tor', untilMs: 100 },
    { type: 'link', atMs: 20, from: 'tor', to: 'nyc', untilMs: 100 },
    { type: 'link', atMs: 60, from: 'tor', to: 'nyc', untilMs: 60 },
  ]);
  const at = (ms: number): string | undefined => cluster.links(ms)[0]?.text;
  expect([at(5), at(15), at(30), at(70), at(100)]).toEqual([
    '',
    'nyc not heard',
    'cut',
    'nyc not heard',
    '',
  ]);
});

it('keeps the newest of what it has no room for, and counts the others', () => {
  const limits = { ...LIMITS, messages: 10, moments: 5, operations: 3 };
  const end = { type: 'operation', kind: 'read', outcome: 'ok' };
  const lines = Array.from({ length: 30 }, (_, index) => [
    message(index),
    { type: 'fault', kind: 'restore', atMs: index },
    { ...end, endMs: index },
  ]).flat();
  const { recording } = recorded(lines, limits);
  expect(recording.leftOut).toMatchObject({ messages: 20, moments: 25, operations: 27 });
  expect([...recording.messages.sentMs]).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  expect(recording.moments.map(({ atMs }) => atMs)).toEqual([25, 26, 27, 28, 29]);
  expect([...recording.ended.ok]).toEqual([27, 28, 29]);
});

it('gives up at what is no trace, and passes over lines that are none of it', async () => {
  const none = await readTrace(stream('{"type":"history"}\n', 5), new Recorder(), () => undefined);
  expect(none).toBe(false);
  const lines = ['{"type":"trace","version":1,"seed":1}', '{"type":"site"', '[]', '{"type":"x"}'];
  lines.push(JSON.stringify(message(5)), JSON.stringify(message(6, { sentMs: -1 })));
  lines.push(
    JSON.stringify(message(7, { message: { kind: 'shard', message: { kind: 'append' } } })),
  );
  lines.push(`{"type":"end","atMs":9,"x":"${'é'.repeat(1 << 20)}"}`);
  const recorder = new Recorder();
  expect(await readTrace(stream(lines.join('\n'), 50_001), recorder, () => undefined)).toBe(true);
  const recording = recorder.finish();
  expect(recording?.messages.sentMs.length).toBe(1);
  expect(recording?.leftOut.lines).toBe(6);
  expect(recording?.hasEnd).toBe(false);
});

it('holds as many sites and shards as it says, whatever a trace names', () => {
  const lines = Array.from({ length: 200 }, (_, index) => [
    { type: 'site', atMs: 1, site: `s${index}`, state: 'up' },
    {
      type: 'event',
      atMs: 1,
      site: 's0',
      shard: `h${index}`,
      event: { kind: 'serving', epoch: 1 },
    },
  ]).flat();
  const { recording } = recorded(lines);
  expect(recording.sites.length).toBe(LIMITS.sites);
  expect(recording.reignSteps.size).toBe(LIMITS.shards);
});
