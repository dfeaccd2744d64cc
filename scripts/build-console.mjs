import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * Builds the console into dist/console, unless what is there is newer than everything it is made of.
 * With a folder as its argument it is built there, in any case.
 */

const root = join(import.meta.dirname, '..');
const stamp = join(root, 'dist/console.built');
const SOURCES = ['console', 'src/client', 'src/protocol', 'src/simulator', 'package-lock.json'];

const elsewhere = process.argv[2];
if (elsewhere === undefined && (await isUpToDate())) process.exit(0);

const { build } = await import('vite');
const startMs = performance.now();
const settings = { configFile: join(root, 'console/build/vite.config.ts'), logLevel: 'error' };
if (elsewhere === undefined) {
  await rm(stamp, { force: true });
  await build(settings);
  await mkdir(join(root, 'dist'), { recursive: true });
  await writeFile(stamp, '');
} else {
  await build({ ...settings, build: { outDir: elsewhere } });
}
process.stdout.write(`console built in ${Math.round(performance.now() - startMs)} ms\n`);

async function isUpToDate() {
  if (!existsSync(stamp)) return false;
  const { mtimeMs } = await stat(stamp);
  const newest = await Promise.all(SOURCES.map((name) => newestMs(join(root, name))));
  return Math.max(...newest) < mtimeMs;
}

async function newestMs(path) {
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = await readdir(path, { recursive: true });
  const times = await Promise.all(
    names
      .filter((name) => !name.endsWith('.test.ts'))
      .map(async (name) => (await stat(join(path, name))).mtimeMs),
  );
  return Math.max(found.mtimeMs, ...times);
}
