import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeCoordinator } from '../coordinator/coordinator.conformance.js';
import { type LogUnderTest, describeShardLog } from '../storage/log/shard-log.conformance.js';
import { describeShardView } from '../storage/view/shard-view.conformance.js';
import { NodeClock } from './clock.js';
import { EventQueue } from './event-queue.js';
import { Random } from './random.js';
import { SimCoordinator } from './sim-coordinator.js';
import { SimDisk } from './sim-disk.js';
import { SimView } from './sim-view.js';

const kit = { afterEach, beforeEach, describe, it, expect };

/** Virtual time that goes on by itself while a suite waits in real time for what happens in it. */
function runningTime(): { queue: EventQueue; clock: NodeClock; stop(): void } {
  const queue = new EventQueue();
  let isRunning = true;
  const goOn = (): void => {
    if (!isRunning) return;
    queue.runUntil(queue.nowMs + 1);
    setImmediate(goOn);
  };
  setImmediate(goOn);
  return {
    queue,
    clock: new NodeClock(queue),
    stop: () => {
      isRunning = false;
    },
  };
}

function logUnderTest(
  time: ReturnType<typeof runningTime>,
  log: SimDisk,
  opened = log.reopen(),
): LogUnderTest {
  return {
    log,
    opened,
    reopen: async () => {
      log.crash();
      return logUnderTest(time, log);
    },
    dispose: async () => time.stop(),
  };
}

describeShardLog(kit, 'SimDisk', async () => {
  const time = runningTime();
  return logUnderTest(time, new SimDisk(time.queue, time.clock, new Random(1)));
});

describeShardView(kit, 'SimView', async () => {
  const time = runningTime();
  return { view: new SimView('nyc', time.clock), dispose: async () => time.stop() };
});

describeCoordinator(kit, 'SimCoordinator', async () => {
  const time = runningTime();
  const center = new SimCoordinator(time.queue);
  return {
    first: center.connect('nyc', time.clock, new Random(1)),
    second: center.connect('tor', time.clock, new Random(2)),
    close: async () => time.stop(),
  };
});
