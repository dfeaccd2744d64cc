import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** What a site says of itself only when something must never have happened. */
const MISTAKES = [
  /this site stops: /,
  /invariant/i,
  /TypeError|RangeError|ReferenceError/,
  /UnhandledPromiseRejection|uncaught/i,
  /FATAL ERROR|Segmentation fault/,
];
const LIMIT = 5;

/** Lines of a site's log that tell of a mistake in the site itself. */
export async function siteMistakes(site: string, logFile: string): Promise<string[]> {
  const found: string[] = [];
  const lines = createInterface({ input: createReadStream(logFile, 'utf8') });
  for await (const line of lines) {
    if (found.length < LIMIT && MISTAKES.some((mistake) => mistake.test(line))) {
      found.push(`${site} says: ${line}`);
    }
  }
  return found;
}
