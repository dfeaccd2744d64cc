import { readFile } from 'node:fs/promises';
import { fault, type Finding, ok, warning } from './finding.js';

const OLDEST_NODE = [20, 19] as const;
const ENOUGH_FILES = 32_768;
const FEW_FILES = 2048;
const CLOCK_WATCH_MS = 300;
/** What the leases allow for, in parts of one. */
const DRIFT_LIMIT = 0.002;

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const isNew = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  if (isNew) return ok('node', `version ${version}`);
  const advice = `install Node ${OLDEST_NODE.join('.')} or later`;
  return fault('node', `version ${version} is too old`, advice);
}

/** `limits`: the text of Linux's /proc/self/limits. */
export function judgeFileLimit(limits: string): Finding {
  const text = /^Max open files\s+(\S+)/m.exec(limits)?.[1];
  if (text === 'unlimited') return ok('open files', 'no limit');
  const limit = Number(text);
  const advice = `raise it to ${2 * ENOUGH_FILES} (ulimit -n; LimitNOFILE= in systemd's unit)`;
  if (!(limit > 0)) return warning('open files', 'the limit is not known', advice);
  const message = `at most ${limit} at once`;
  if (limit < FEW_FILES) return fault('open files', message, advice);
  return limit < ENOUGH_FILES ? warning('open files', message, advice) : ok('open files', message);
}

export async function checkFileLimit(): Promise<Finding> {
  return judgeFileLimit(await readFile('/proc/self/limits', 'utf8').catch(() => ''));
}

/** Whether the two clocks of this machine run alike: a rate that is being corrected shows here. */
export async function checkClockRate(): Promise<Finding> {
  const [wallMs, monoMs] = [Date.now(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, CLOCK_WATCH_MS));
  return judgeClockRate(Date.now() - wallMs, performance.now() - monoMs);
}

/** How far both clocks went in the same time. The wall clock counts whole milliseconds. */
export function judgeClockRate(wallMs: number, monoMs: number): Finding {
  const apartMs = Math.max(0, Math.abs(wallMs - monoMs) - 2);
  const message = `wall and monotonic clock went ${wallMs.toFixed(0)} and ${monoMs.toFixed(0)} ms`;
  if (apartMs <= DRIFT_LIMIT * monoMs) return ok('clock', message);
  const advice = 'let the clock be kept by chrony or systemd-timesyncd, which move it slowly';
  return warning('clock', `${message}: it jumped, or runs too fast or slow`, advice);
}
