import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryNetwork } from './memory-network.js';
import type { PeerNetwork } from './peer-network.js';
import { describePeerNetwork } from './peer-network.conformance.js';

const kit = { describe, it, expect, beforeEach, afterEach };

describePeerNetwork(kit, 'in memory', () => {
  const hub = createMemoryNetwork();
  const made: PeerNetwork[] = [];
  return Promise.resolve({
    make: (site, options) => {
      const network = hub.join({
        site,
        run: options?.run ?? `run-${site}`,
        incarnation: 1,
        peers: ['a', 'b'].filter((peer) => peer !== site),
        callLimits: {
          ...(options?.inFlight === undefined ? {} : { inFlight: options.inFlight }),
          ...(options?.waiting === undefined ? {} : { waiting: options.waiting }),
        },
      });
      made.push(network);
      return Promise.resolve(network);
    },
    close: async () => {
      await Promise.all(made.map((network) => network.close()));
    },
  });
});
