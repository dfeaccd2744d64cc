import { describeCoordinator } from './coordinator.conformance.js';
import { createMemoryCoordinator } from './memory-coordinator.js';

describeCoordinator('in memory', () => {
  const coordinator = createMemoryCoordinator();
  return Promise.resolve({
    first: coordinator,
    second: coordinator,
    close: () => Promise.resolve(),
  });
});
