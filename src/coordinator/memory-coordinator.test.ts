import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeCoordinator } from './coordinator.conformance.js';
import { createMemoryCoordinator } from './memory-coordinator.js';

const kit = { describe, it, expect, beforeEach, afterEach };

describeCoordinator(kit, 'in memory', () => {
  const coordinator = createMemoryCoordinator();
  return Promise.resolve({
    first: coordinator,
    second: coordinator,
    close: () => Promise.resolve(),
  });
});
