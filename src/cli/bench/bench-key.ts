/*
 * The key that a benchmark's requests show, in this process and in those it forks. It goes through
 * the environment, which only the same user can see, not through arguments, which everybody can.
 */

const VARIABLE = 'QUORATE_BENCH_KEY';

/** From now on requests show this key. */
export function showKey(key: string): void {
  process.env[VARIABLE] = key;
}

/** The header's line with its end; '' while there is no key. */
export function authorizationLine(): string {
  const key = process.env[VARIABLE];
  return key === undefined ? '' : `Authorization: Bearer ${key}\r\n`;
}
