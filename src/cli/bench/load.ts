import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { JOB_VARIABLE, type LoadJob, LoadMessage, type LoadResult } from './load-job.js';

const PROGRAM = fileURLToPath(new URL('./load-process.js', import.meta.url));

/**
 * Makes load from a process of its own and waits for its end. `begun` is called when the warm-up is
 * over. Rejects when the process ends without a result or a request fails.
 */
export function runLoad(job: LoadJob, begun: () => void = () => {}): Promise<LoadResult> {
  const child = fork(PROGRAM, [], {
    stdio: 'inherit',
    // Not as an argument: it may hold a secret, and those are seen by everybody on the machine.
    env: { ...process.env, [JOB_VARIABLE]: JSON.stringify(job) },
  });
  return new Promise((resolve, reject) => {
    child.on('message', (raw) => {
      const message = LoadMessage.parse(raw);
      if (message.kind === 'begun') return begun();
      const { result } = message;
      if (result.failed === 0) return resolve(result);
      reject(new Error(`${result.failed} requests failed: ${result.firstFailure}`));
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the load process ended with status ${code}`)));
  });
}
