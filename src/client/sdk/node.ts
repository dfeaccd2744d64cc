import type { QuorateClient } from './client.js';
import { connectOn } from './connect.js';
import { nodePlatform } from './node-platform.js';
import type { ConnectOptions } from './options.js';

/**
 * Connects to the nearest of the sites, or the one asked for. Resolves once a site has taken the
 * session; rejects with NoSiteReached if none has within `timeoutMs`. From then on the client finds
 * its way by itself, until `close`: it keeps the process alive until then.
 */
export function connect(options: ConnectOptions): Promise<QuorateClient> {
  return connectOn(nodePlatform(), options);
}

export * from './surface.js';
