import { bytesText, countText } from '../figures.js';
import type { ChaosSettings } from './chaos-settings.js';
import type { RunResult } from './chaos-run.js';
import { faultText } from './fault.js';

const TOLD_FINDINGS = 10;
/** Faults that were in force so long before or after what a finding tells of are named with it. */
const AROUND_MS = 3000;

export function isClean({ findings, wrong, shortfalls }: RunResult): boolean {
  return findings.length === 0 && wrong.length === 0 && shortfalls.length === 0;
}

/** The verdict for people. */
export function chaosText(result: RunResult, settings: ChaosSettings, kept: string | null): string {
  const { counts, played, playedKinds, judged, settled, readBack: back } = result;
  const left = played.filter(({ beganMs }) => beganMs === null).length;
  const number = (name: string): string => countText(counts[name] ?? 0);
  const faults = Object.entries(playedKinds).map(([kind, count]) => `${kind} ${count}`);
  const lines = [
    `${number('operations')} operations: ${number('committed')} committed, ${number('rejected')} rejected, ` +
      `${number('unknown')} unknown, ${number('failed reads')} reads failed`,
    `  ${groupsOf(counts)}`,
    `  ${number('overlaps')} overlapped a write of their file; ${number('repeats under the same id')} repeats`,
    `${countText(played.length - left)} faults, ${left} left out: ${faults.join(', ')}`,
    `${number('failovers')} changes of primary`,
    `all sites agreed after ${(settled.tookMs / 1000).toFixed(1)} s; ${countText(settled.chunks)} chunks scrubbed, ` +
      `${countText(settled.repaired)} repaired; ${countText(back.versions)} versions read back (${bytesText(back.bytes)})`,
    `judged in ${(result.judgedMs / 1000).toFixed(1)} s: ${countText(judged.entries.length)} commits; ` +
      `second opinion on ${countText(judged.filesSearched)} files, ${judged.filesUndecided} undecided`,
    ...result.wrong.map((sentence) => `  WRONG: ${sentence}`),
    ...result.findings.slice(0, TOLD_FINDINGS).map((finding) => `  ${storyOf(finding, result)}`),
    ...result.shortfalls.map(
      ({ count, needed, found }) =>
        `  TOO LITTLE: ${count}: ${found}, at least ${needed} are needed`,
    ),
    verdictOf(result, settings),
    ...(kept === null ? [] : [`Data, logs, history and faults are in ${kept}`]),
  ];
  return lines.join('\n');
}

function groupsOf(counts: Readonly<Record<string, number>>): string {
  return Object.keys(counts)
    .filter((name) => / (reads|writes|deletes|lists|told|anew)$|^reads by /.test(name))
    .sort()
    .map((name) => `${name} ${countText(counts[name] ?? 0)}`)
    .join(', ');
}

/** Who saw what, why that cannot be, and what was going wrong at that time. */
function storyOf(
  { invariant, message, operations }: RunResult['findings'][number],
  result: RunResult,
): string {
  const startMs = Math.min(...operations.map((each) => each.startMs));
  const endMs = Math.max(...operations.map((each) => each.endMs ?? each.startMs));
  const around = result.played.filter(({ beganMs, endedMs }) => {
    return beganMs !== null && beganMs <= endMs + AROUND_MS && endedMs >= startMs - AROUND_MS;
  });
  const faults = around.map(({ episode, beganMs, endedMs }) => {
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    return `${faultText(episode.fault)} (${seconds(beganMs ?? 0)} to ${seconds(endedMs)} s)`;
  });
  const when = faults.length === 0 ? '' : `\n      meanwhile: ${faults.slice(0, 8).join('; ')}`;
  return `${invariant}: ${message}${when}`;
}

function verdictOf(result: RunResult, { seed, durationMs, coordinator }: ChaosSettings): string {
  const etcd = coordinator === 'etcd' ? ' --coordinator etcd' : '';
  const again = `--seed ${seed} --minutes ${durationMs / 60_000}${etcd}`;
  if (isClean(result)) return `Verdict: clean (${again}).`;
  const { findings, wrong, shortfalls } = result;
  const parts = [
    ...(findings.length > 0 ? [`${findings.length} findings`] : []),
    ...(wrong.length > 0 ? [`${wrong.length} things wrong`] : []),
    ...(shortfalls.length > 0 ? [`${shortfalls.length} things done too little`] : []),
  ];
  return `Verdict: ${parts.join(', ')} (${again}).`;
}

/** The same for programs. */
export function chaosJson(
  result: RunResult,
  { seed, durationMs, groups }: ChaosSettings,
  kept: string | null,
): string {
  const { counts, playedKinds, settled, judged, judgedMs, findings, wrong } = result;
  const { copies: _, operations: __, ...back } = result.readBack;
  return JSON.stringify({
    verdict: isClean(result) ? 'clean' : 'failed',
    seed,
    minutes: durationMs / 60_000,
    groups,
    counts,
    faults: playedKinds,
    leftOut: result.played.filter(({ beganMs }) => beganMs === null).length,
    settled,
    readBack: back,
    commits: judged.entries.length,
    filesSearched: judged.filesSearched,
    filesUndecided: judged.filesUndecided,
    judgedMs,
    findings,
    wrong,
    shortfalls: result.shortfalls,
    kept,
  });
}
