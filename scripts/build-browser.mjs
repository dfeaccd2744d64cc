import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/*
 * Bundles the client for browsers into dist/browser/quorate-client.js, and refuses what has grown
 * beyond its limit or needs Node.
 */

const LIMIT_BYTES = 25 * 1024;
const root = join(import.meta.dirname, '..');
const file = resolve(root, process.argv[2] ?? 'dist/browser/quorate-client.js');

const bundle = await rolldown({
  input: join(root, 'src/client/sdk/browser.ts'),
  platform: 'browser',
  external: /^node:/,
  tsconfig: false,
});
const { output } = await bundle.write({ file, format: 'esm', minify: true });
await bundle.close();

const [chunk] = output;
const needed = output.flatMap((each) => ('imports' in each ? each.imports : []));
if (output.length !== 1 || needed.length > 0) {
  throw new Error(`the bundle is not of one piece: it needs ${needed.join(', ')}`);
}
const size = gzipSync(await readFile(file), { level: 9 }).length;
process.stdout.write(`${chunk.fileName}: ${size} bytes gzipped\n`);
if (size > LIMIT_BYTES) throw new Error(`that is more than ${LIMIT_BYTES}`);
