import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { type Core, CORE_FILES } from '../scenario/core.js';
import { playScenario } from '../scenario/script.js';
import { type Bounds, FULL_BOUNDS } from './bounds.js';
import { counterExample } from './counter-example.js';
import { Exploration } from './exploration.js';
import { explore } from './explore.js';
import { rehearse } from './rehearsal.js';

const PROTOCOL = fileURLToPath(new URL('../../protocol/', import.meta.url));
const CACHE = fileURLToPath(
  new URL(`../../../node_modules/.cache/explored-${process.pid}/`, import.meta.url),
);
const SMALL: Bounds = {
  ...FULL_BOUNDS,
  writes: 1,
  crashes: 0,
  partialLoss: false,
  timePasses: false,
};

afterAll(() => rmSync(CACHE, { recursive: true, force: true }));

const outputs = new Map<string, string>();

function compiled(text: string): string {
  const known = outputs.get(text);
  if (known !== undefined) return known;
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  outputs.set(text, outputText);
  return outputText;
}

/** A copy of the protocol in which one piece of one file is another. */
async function changedCore(file: string, piece: string, other: string): Promise<Core> {
  const folder = join(CACHE, `${Math.abs(hash(piece + other))}`);
  for (const path of readdirSync(PROTOCOL, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
    let text = readFileSync(join(PROTOCOL, path), 'utf8');
    if (path === file) {
      expect(text.split(piece), `${file} has it once: ${piece}`).toHaveLength(2);
      text = text.replace(piece, () => other);
    }
    const target = join(folder, path.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compiled(text));
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const parts = await Promise.all(
    CORE_FILES.map(
      (path) => import(pathToFileURL(join(folder, path)).href) as Promise<Partial<Core>>,
    ),
  );
  return Object.assign({}, ...parts) as Core;
}

function hash(text: string): number {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 7);
}

describe('the explorer', () => {
  it('finds nothing in the protocol as it is, and comes to an end', () => {
    const found = explore({ ...SMALL, writes: 0 });
    expect(found.violation?.scenario).toBeUndefined();
    expect(found.finished).toBe(true);
    expect(found.exercised['secondEpochCommits']).toBeGreaterThan(0);
  });

  it('tries crashes and writes', () => {
    const found = explore({ ...SMALL, crashes: 1, changes: 0 });
    expect(found.violation?.scenario).toBeUndefined();
    expect(found.finished).toBe(true);
    expect(found.exercised['answers']).toBeGreaterThan(0);
  });

  it('says when it gave up', () => {
    const found = explore({ ...SMALL, stateLimit: 500 });
    expect(found).toMatchObject({ finished: false, violation: null });
  });
});

describe('the explorer sees', () => {
  const changes: [string, string, string, string, string, Partial<Bounds>][] = [
    [
      'an acknowledgement before the sync',
      'shard/disk.ts',
      'Math.min(s.durable.syncedSeq, endSeq(s.log))',
      'endSeq(s.log)',
      'I15',
      {},
    ],
    [
      'a promise that is told before it is durable',
      'shard/recovery.ts',
      'writeDisk(step, { cutFrom, hardState, answerTo });',
      'writeDisk(step, { cutFrom, hardState, answerTo }); answerPromise(step, answerTo, reign);',
      'I15',
      {},
    ],
    [
      'a successor that waits for nobody',
      'shard/commit.ts',
      ' || now.monoMs < role.serveFromMs',
      '',
      'I18',
      {},
    ],
    [
      'a new primary that takes the shorter log',
      'shard/recovery.ts',
      'comparePositions(end, best.end) > 0',
      'comparePositions(end, best.end) < 0',
      'I2',
      {},
    ],
    [
      'a commit by too few',
      'shard/commit.ts',
      'Math.min(own, reachedByAll(activeOf(s), voiceOf))',
      'own',
      'I2',
      {},
    ],
    [
      'an append of an older epoch that is taken',
      'shard/reign.ts',
      'if (reign.epoch > promised.epoch || sameReign(reign, promised)) return true;',
      'return true;',
      'I',
      {},
    ],
    [
      'an acknowledgement that names the end of the log',
      'shard/replica.ts',
      'Math.min(acknowledgeableSeq(step), s.provenSeq)',
      'acknowledgeableSeq(step)',
      'I2',
      {},
    ],
  ];

  const leased = { leases: true, changes: 0 };
  const handedOver = { writes: 0, leases: true, handsOver: true };
  const ofLeases: typeof changes = [
    [
      'a write that waits for no lease',
      'shard/commit.ts',
      '  if (untilMs > 0) {\n',
      '  if (untilMs < 0) {\n',
      'I9',
      leased,
    ],
    [
      'a grant that is older than a revocation',
      'shard/leasehold.ts',
      '  if (comparePositions({ epoch: terms.epoch, seq: terms.position }, leasehold.revoked) < 0) return;\n',
      '',
      'I9',
      leased,
    ],
    [
      'a withdrawal without a recall',
      'shard/handover.ts',
      'if (leasesOutUntilMs(s, role) > 0) return;',
      'if (leasesOutUntilMs(s, role) < 0) return;',
      'I9',
      handedOver,
    ],
    [
      'a grant that is kept after a recall',
      'shard/leasehold.ts',
      'return reign.epoch > s.leasehold.recalledEpoch && step',
      'return step',
      'I9',
      handedOver,
    ],
  ];
  it.each(ofLeases)('%s', async (_name, file, piece, other, invariant, bounds) => {
    const core = await changedCore(file, piece, other);
    const exploration = new Exploration(core, { ...SMALL, ...bounds, stateLimit: 60_000 });
    const found = exploration.run(() => {});
    expect(found?.fault).toMatch(new RegExp(`^${invariant}`));
    if (found === null) return;
    const moves = rehearse(exploration, found);
    const trace = playScenario(counterExample(exploration, found.fault, moves), core);
    expect(trace.length).toBeGreaterThan(moves.length);
  });

  const endless = 'an append of an older epoch that is taken';
  it.each(changes.filter(([name]) => name !== endless))(
    '%s, with every reduction',
    async (_name, file, piece, other, _invariant, bounds) => {
      const core = await changedCore(file, piece, other);
      const exploration = new Exploration(core, { ...SMALL, ...bounds, stateLimit: 60_000 });
      const found = exploration.run(() => {});
      // not breadth first: what comes of it may show before the mistake itself
      expect(found?.fault).toMatch(/^I\d+: /);
      if (found === null) return;
      const moves = rehearse(exploration, found);
      const trace = playScenario(counterExample(exploration, found.fault, moves), core);
      expect(trace.length).toBeGreaterThan(moves.length);
    },
  );

  it.each(changes)('%s', async (_name, file, piece, other, invariant, bounds) => {
    const core = await changedCore(file, piece, other);
    const { violation } = explore({ ...SMALL, ...bounds, stateLimit: 60_000 }, core);
    expect(violation?.fault).toMatch(new RegExp(`^${invariant}`));
    // the counter-example is a scenario that can be played
    const trace = playScenario(violation?.scenario ?? '', core);
    expect(trace.length).toBeGreaterThan(violation?.moves ?? 0);
  });
});
