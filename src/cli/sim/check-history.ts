import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseHistory } from '../../simulator/history.js';
import { judgeHistory } from '../../simulator/judges/history-verdict.js';
import { searchLinearization } from '../../simulator/judges/wing-gong-lowe.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT, UsageError } from '../exit-code.js';
import { countText } from '../figures.js';
import type { World } from '../world.js';
import { write } from '../world.js';

const TOLD_FINDINGS = 10;

/** `quorate sim check`: the simulator's judges on a history from anywhere. */
export async function checkHistory(world: World, file: string, json: boolean): Promise<ExitCode> {
  let text: string;
  try {
    text = await readFile(resolve(world.folder, file), 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as Error).message}`);
  }
  const parsed = parseHistory(text);
  if (!parsed.ok) throw new UsageError(`${file}, line ${parsed.line}: ${parsed.reason}`);
  const { history } = parsed;
  const findings = judgeHistory(history);
  const search = searchLinearization(history.operations);
  if (search.verdict === 'not_linearizable') findings.push(search.finding);
  const isClean = findings.length === 0;
  const { operations, entries } = history;
  const second = search.verdict;
  if (json) {
    const verdict = isClean ? 'clean' : 'failed';
    const value = { verdict, operations: operations.length, secondOpinion: second, findings };
    await write(world.out, `${JSON.stringify(value)}\n`);
  } else {
    const files = new Set(operations.map(({ name }) => name)).size;
    const chain = entries === null ? 'no commit chain' : `${countText(entries.length)} commits`;
    const lines = [
      `${countText(operations.length)} operations on ${countText(files)} names, ${chain}; ` +
        `second opinion: ${second.replace('_', ' ')}`,
      ...findings.slice(0, TOLD_FINDINGS).map((one) => `  ${one.invariant}: ${one.message}`),
      isClean ? 'Verdict: clean.' : `Verdict: ${findings.length} findings.`,
    ];
    await write(world.out, `${lines.join('\n')}\n`);
  }
  return isClean ? EXIT.ok : EXIT.failed;
}
