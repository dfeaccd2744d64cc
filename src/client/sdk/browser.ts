import type { QuorateClient } from './client.js';
import { connectOn } from './connect.js';
import { browserPlatform } from './browser-platform.js';
import type { ConnectOptions } from './options.js';

/**
 * Connects to the nearest of the sites, or the one asked for. Resolves once a site has taken the
 * session; rejects with NoSiteReached if none has within `timeoutMs`, with KeyRefused if they do not
 * take the key. From then on the client finds
 * its way by itself, until `close`.
 */
export function connect(options: ConnectOptions): Promise<QuorateClient> {
  return connectOn(browserPlatform(), options);
}

export * from './surface.js';
