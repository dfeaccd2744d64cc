import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/* That all secrets are compared in one place is read from the source: no run could show it. */

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));
const ONE_PLACE = 'site/access/secret-comparison.ts';
/** Where secrets, signatures and what is derived of them are dealt with. */
const FOLDERS = [
  'site/access/',
  'gateways/native-http/access/',
  'gateways/native-http/shares/',
  'gateways/s3/',
  'cli/up/',
  'site/seal.ts',
  'site/access-keys.ts',
];

const SECRET = /(secret|signature|password|passphrase|adminkey|hash|token|(?<!e)tag|mac)$/i;
/** The last word of what stands before `===` or `!==`, and what comes first after it. */
const COMPARED = /([\w$]+)(?:[!?]|\([^()]*\))*\s*[!=]==?\s*((?:this\.)?[#\w$'"`.?!-]+)/g;
/** No secrets: what is written in the source, and entity tags, which everybody is told. */
const FIXED = /^(e[tT]ag|[A-Z][A-Z_]+|null|undefined|true|false|-?\d.*|['"`].*)$/;

/** Every comparison by `===` and its like in which one side is called as a secret is. */
function comparedSecrets(text: string): string[] {
  return [...text.matchAll(COMPARED)]
    .filter(([, left = '', right = '']) => {
      if (FIXED.test(left) || FIXED.test(right)) return false;
      return SECRET.test(left) || SECRET.test(right.replace(/[!?.]+$/, ''));
    })
    .map(([found]) => found.trim());
}

function sources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('.test.ts'),
  );
}

const textOf = (path: string): string => readFileSync(SOURCE + path, 'utf8');

it('no secret, signature or hash of one is compared by "==="', () => {
  const paths = sources().filter((path) => FOLDERS.some((folder) => path.startsWith(folder)));
  expect(paths.length).toBeGreaterThan(60);
  const found = paths.flatMap((path) => comparedSecrets(textOf(path)).map((at) => [path, at]));
  expect(found).toEqual([]);
});

it('what compares in constant time is called in one place', () => {
  const found = sources().filter((path) => textOf(path).includes('timingSafeEqual'));
  expect(found).toEqual([ONE_PLACE]);
});

it.each([
  'if (signature !== expected) return;',
  'return expected === given.secret;',
  'return stored.makerHash === this.adminKeyHash;',
  'found = key.tag != this.#tag',
  "hmac(key, text).toString('hex') === signature",
])('%s would be found', (line) => {
  expect(comparedSecrets(line)).toHaveLength(1);
});

it.each([
  'secret !== null',
  "typeof secret !== 'string'",
  "token === ''",
  'undefined === signature',
  'tags.size === 0',
])('%s tells nothing and is left', (line) => {
  expect(comparedSecrets(line)).toEqual([]);
});
