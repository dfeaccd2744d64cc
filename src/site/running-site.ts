import type { FileService } from './file-service.js';
import type { LinkChange } from '../transport/peer-network.js';
import type { LiveSource } from './live/live-frame.js';
import type { ObjectService } from './object-service.js';
import type { ExpiryWatch } from './telemetry/expiry-watch.js';
import type { GatewayTelemetry } from './telemetry/site-telemetry.js';

/** A site that is ready to serve. */
export interface RunningSite {
  readonly service: FileService;
  /** The same with what gateways for objects need; null for one that serves none. */
  readonly objects: ObjectService | null;
  readonly httpUrl: string;
  /** What it measures and tells; nothing where there is none. */
  readonly telemetry?: GatewayTelemetry;
  /** Told of certificates that others than the site itself show. */
  readonly certificates?: ExpiryWatch;
  /** What consoles look at; null for a site that shows nothing. */
  readonly live?: LiveSource | null;
  /** Cuts, slows or heals a link that ends here. */
  setLink?(a: string, b: string, change: LinkChange): void;
  /** Resolves if the site has stopped itself, because what must hold does not. */
  readonly failed?: Promise<Error>;
  /**
   * Hands its shards over, finishes what is in flight and closes everything. `handedOver` is called
   * in between: from then on other sites serve what this one did.
   */
  stop(handedOver?: () => void): Promise<void>;
}
