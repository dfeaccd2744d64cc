/*
 * How long judging by the known order takes. Run it after a build with
 * `node dist/simulator/judges/known-order.bench.js [operations]` (default: a million).
 */
import { Random } from '../random.js';
import { judgeKnownOrder } from './known-order.js';
import { generateHistory } from './register-model.js';

const operations = Number(process.argv[2] ?? 1_000_000);
const history = generateHistory(new Random(1), {
  operations,
  clients: 50,
  files: 1_000,
  readChance: 0.5,
  deleteChance: 0.15,
  conditionChance: 0.3,
  unknownChance: 0.15,
  flaw: 'none',
  flawChance: 0,
});
for (let round = 1; round <= 3; round += 1) {
  const startMs = performance.now();
  const findings = judgeKnownOrder(history);
  const seconds = (performance.now() - startMs) / 1000;
  process.stdout.write(
    `${operations} operations judged in ${seconds.toFixed(2)} s, ${findings.length} findings\n`,
  );
}
