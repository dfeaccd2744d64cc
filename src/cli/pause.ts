import { setTimeout as passed } from 'node:timers/promises';

/** Resolves after so many milliseconds, or as soon as `stopped` is aborted. */
export async function pause(milliseconds: number, stopped?: AbortSignal): Promise<void> {
  const waiting = passed(milliseconds, undefined, stopped === undefined ? {} : { signal: stopped });
  await waiting.catch((error: unknown) => {
    if (stopped?.aborted !== true) throw error;
  });
}
