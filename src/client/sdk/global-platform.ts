import type { Platform } from './platform.js';

/** Longer timers would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What Node and browsers have in common. */
export function globalPlatform(): Omit<Platform, 'openSocket' | 'nextTurn'> {
  return {
    // Redirects would lose what a write carries; a site sends none.
    fetch: (url, settings) =>
      fetch(url, { ...settings, redirect: 'error', cache: 'no-store' } as RequestInit),
    monoMs: () => performance.now(),
    wallMs: () => Date.now(),
    setTimer: (delayMs, callback) => {
      const timer = setTimeout(callback, Math.min(delayMs, LONGEST_MS));
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
    randomId,
  };
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
