/** The longest that a site is believed to need. */
const LONGEST_SECONDS = 60;

/**
 * How long a site with too much to do is to be left alone, in milliseconds, by its `Retry-After`: a
 * number of seconds, up to a minute; 0 for anything else. For other reasons our own, shorter pauses
 * do: a new primary, say, is found within milliseconds.
 */
export function retryAfterMs(code: string, header: string | null | undefined): number {
  if (code !== 'overloaded' || !/^\d{1,5}$/.test(header ?? '')) return 0;
  return 1000 * Math.min(Number(header), LONGEST_SECONDS);
}

/** What a session's answer, which has no headers, means by `overloaded`: as HTTP says it. */
export const OVERLOADED_PAUSE_MS = 1000;
