#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = new URL('../dist/cli/main.js', import.meta.url);
if (!existsSync(fileURLToPath(program))) {
  process.stderr.write('quorate is not built yet: run npm run build\n');
  process.exit(1);
}
// The reader of a pipe may leave early, as in `quorate ls | head`.
process.stdout.on('error', () => process.exit(0));
// What was given as an argument is seen by everybody on the machine, unless it is overwritten. What
// runs for long is told apart by it, and is given no secret.
const [, , command = '', ...rest] = process.argv;
const isSite = command === 'site' && rest[0] === '--config';
const runsForLong = command === 'up' || isSite;
if (!runsForLong || rest.some((word) => word.startsWith('--key'))) {
  process.title = command.startsWith('-') ? 'quorate' : `quorate ${command}`;
}
const { main } = await import(program.href);
process.exitCode = await main(process.argv.slice(2));
if (process.channel) process.disconnect();
if (isSite) {
  // It has stopped; requests that were cut off may wait for their deadlines still.
  const flushed = (stream) => new Promise((resolve) => stream.write('', resolve));
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit();
}
