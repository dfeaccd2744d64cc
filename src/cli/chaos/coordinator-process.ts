import * as z from 'zod';
import { startEmbeddedCoordinator } from '../../coordinator/embedded-coordinator.js';

/*
 * The embedded coordinator in a process of its own, so that it can be killed and stopped where it
 * stands. Its only argument is a CoordinatorJob as JSON.
 */

const CoordinatorJob = z.object({ path: z.string(), host: z.string(), port: z.int() });

const job = CoordinatorJob.parse(JSON.parse(process.argv[2] ?? 'null'));
const started = await startEmbeddedCoordinator({
  ...job,
  report: (message) => void process.stderr.write(`${message}\n`),
});
if (started.ok) {
  process.send?.({ kind: 'ready' });
  process.once('SIGTERM', () => void started.coordinator.close().then(() => process.exit(0)));
  process.once('disconnect', () => process.exit(0));
} else {
  process.send?.({ kind: 'failed', message: started.message });
  process.exitCode = 1;
  process.disconnect?.();
}
