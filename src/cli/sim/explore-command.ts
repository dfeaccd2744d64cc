import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Bounds, NAMED_BOUNDS, isBoundsName } from '../../simulator/explorer/bounds.js';
import { type ExplorationResult, explore } from '../../simulator/explorer/explore.js';
import type { ExplorationProgress } from '../../simulator/explorer/explore.js';
import { REAL_CORE } from '../../simulator/scenario/core.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { countText } from '../figures.js';
import type { World } from '../world.js';
import { write } from '../world.js';

const DEFAULT_BOUNDS = 'small';

interface Explored {
  readonly bounds: Bounds;
  readonly result: ExplorationResult;
  readonly realMs: number;
}

/** `quorate sim --explore`: status 0 if every state within the bounds was looked at and is right. */
export async function exploreBounds(
  world: World,
  name: boolean | string,
  json: boolean,
): Promise<ExitCode> {
  const chosen = typeof name === 'string' ? name : DEFAULT_BOUNDS;
  if (!isBoundsName(chosen)) {
    const known = Object.keys(NAMED_BOUNDS).join(', ');
    throw new UsageError(`--explore knows ${known}, not ${chosen}`);
  }
  const explored: Explored[] = [];
  for (const bounds of NAMED_BOUNDS[chosen]) {
    const each = exploreOne(world, bounds);
    explored.push(each);
    if (!json) await write(world.out, `${lineOf(each)}\n`);
    if (each.result.violation !== null) break;
  }
  const scenario = explored.at(-1)?.result.violation?.scenario;
  if (scenario !== undefined) {
    await writeFile(resolve(world.folder, 'violation.scenario'), scenario);
  }
  const isClean = explored.every(({ result }) => result.finished);
  const text = json ? JSON.stringify(explored) : verdict(explored, isClean);
  await write(world.out, `${text}\n`);
  return isClean ? EXIT.ok : EXIT.failed;
}

function exploreOne(world: World, bounds: Bounds): Explored {
  const startMs = performance.now();
  let shownMs = startMs;
  const show = ({ states, waiting, transitions }: ExplorationProgress): void => {
    const nowMs = performance.now();
    if (world.err.isTTY !== true || nowMs - shownMs < 500) return;
    shownMs = nowMs;
    world.err.write(
      `\r\x1b[K${countText(states)} states, ${countText(transitions)} transitions, ` +
        `${countText(waiting)} to look at`,
    );
  };
  const result = explore(bounds, REAL_CORE, show);
  if (shownMs > startMs) world.err.write('\r\x1b[K');
  return { bounds, result, realMs: performance.now() - startMs };
}

function boundsText(bounds: Bounds): string {
  const { writes, crashes, changes, partialLoss, timePasses, leases, handsOver } = bounds;
  const parts = [
    `${writes} ${writes === 1 ? 'write' : 'writes'}`,
    `${crashes} ${crashes === 1 ? 'crash' : 'crashes'}${partialLoss && crashes > 0 ? ' (partial loss)' : ''}`,
    `${changes} ${changes === 1 ? 'change' : 'changes'} of primary`,
    ...(leases ? ['1 lease'] : []),
    ...(handsOver ? ['a hand-over'] : []),
    ...(timePasses ? ['time'] : []),
  ];
  return parts.join(', ');
}

function lineOf({ bounds, result, realMs }: Explored): string {
  const { states, transitions, depth, finished, violation } = result;
  const end = violation !== null ? 'VIOLATION' : finished ? 'finished' : 'GAVE UP';
  return (
    `${boundsText(bounds)}: ${countText(states)} distinct states, ` +
    `${countText(transitions)} transitions, depth ${depth}, ` +
    `${(realMs / 1000).toFixed(1)} s: ${end}`
  );
}

function verdict(explored: readonly Explored[], isClean: boolean): string {
  const violation = explored.at(-1)?.result.violation;
  if (isClean) return 'Verdict: finished, nothing violates an invariant.';
  if (violation === null || violation === undefined) {
    return 'Verdict: gave up before every state was looked at; nothing was found so far.';
  }
  const { fault, moves, isShortest, scenario } = violation;
  const length = isShortest ? 'no path is shorter' : 'a shorter path may exist';
  return `${scenario}\nVerdict: ${fault}. ${moves} moves (${length}), in violation.scenario.`;
}
