import type { QuorateClient } from './client.js';
import { connectOn } from './connect.js';
import { nodePlatform } from './node-platform.js';
import type { ConnectOptions } from './options.js';

export interface NodeConnectOptions extends ConnectOptions {
  /**
   * Authorities in PEM, as in the `ca.pem` of a cluster, to believe for `https://` that it is the
   * site. Default: the system's.
   */
  readonly ca?: string;
}

/**
 * Connects to the nearest of the sites, or the one asked for. Resolves once a site has taken the
 * session; rejects with NoSiteReached if none has within `timeoutMs`, with KeyRefused if they do not
 * take the key. From then on the client finds
 * its way by itself, until `close`: it keeps the process alive until then.
 */
export function connect(options: NodeConnectOptions): Promise<QuorateClient> {
  return connectOn(nodePlatform(options.ca), options);
}

export { fileSource } from './file-source.js';
export * from './surface.js';
