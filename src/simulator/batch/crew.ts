import { fork } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import type { SeedReport } from './seed-run.js';
import type { WorkOrder, WorkerMessage } from './worker.js';

/** Why a crew's work ended. */
export type CrewEnd = 'done' | 'stopped' | 'failed';

/** What a run makes hardly outlives it: room for it, in MiB, saves copying it about. */
const YOUNG_HEAP = ['--min-semi-space-size=128', '--max-semi-space-size=128'];

/** A child that says nothing for so long is taken to run in circles. */
const SILENCE_LIMIT_MS = 120_000;

/**
 * Runs a work order in one child process; `heard` may return false to stop it. Reports come in the
 * order of their seeds. A child that dies by itself is a failure, told with its exit status.
 */
export function employ(
  modulePath: string,
  order: WorkOrder,
  heard: (report: SeedReport) => boolean,
): Promise<{ readonly end: CrewEnd; readonly problem: string }> {
  return new Promise((resolve) => {
    const child = fork(modulePath, [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: YOUNG_HEAP,
    });
    let stderr = '';
    let end: CrewEnd = 'failed';
    let silence = setTimeout(() => child.kill('SIGKILL'), SILENCE_LIMIT_MS);
    child.stderr?.on('data', (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-4000);
    });
    child.on('message', (message) => {
      const told = message as WorkerMessage;
      if (end === 'stopped') return;
      clearTimeout(silence);
      silence = setTimeout(() => child.kill('SIGKILL'), SILENCE_LIMIT_MS);
      if (told.kind === 'done') end = 'done';
      else if (!heard(told.report)) {
        end = 'stopped';
        child.kill();
      }
    });
    child.once('error', (error) => resolve({ end: 'failed', problem: error.message }));
    child.once('close', (code, signal) => {
      clearTimeout(silence);
      resolve({ end, problem: end === 'failed' ? `ended with ${signal ?? code}: ${stderr}` : '' });
    });
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    child.send(order);
  });
}
