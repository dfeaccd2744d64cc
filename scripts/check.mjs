// `npm run check`: types, lint, layers and format. Lint takes as long as all the others, and runs beside
// them. What each says is printed once it has ended; the status is 1 if any of them found something.
import { spawn } from 'node:child_process';

const lanes = [['lint'], ['types', 'layers', 'format']];

/** Runs one npm script; resolves to whether it found nothing. */
function run(script) {
  const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  child.stdout.on('data', (bytes) => said.push(bytes));
  child.stderr.on('data', (bytes) => said.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      process.stdout.write(`${script}: ${status === 0 ? 'nothing found' : 'FAILED'}\n`);
      resolve(status === 0);
    });
  });
}

async function runLane(scripts) {
  let isClean = true;
  for (const script of scripts) isClean = (await run(script)) && isClean;
  return isClean;
}

const clean = await Promise.all(lanes.map(runLane));
process.exitCode = clean.every(Boolean) ? 0 : 1;
