import type { Socket } from 'node:net';
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../site/client-limits.js';
import { addressShare, isOwnMachine } from './client-address.js';

export type ConnectionRefusal = 'connections' | 'connections_of_address';

/**
 * How many connections a site has with its clients on all ports, and how many of them come from one
 * address. Those from the machine itself count only in all: there a proxy may stand for everybody.
 */
export class ConnectionShares {
  private count = 0;
  private readonly byAddress = new Map<string, number>();

  constructor(
    readonly limits: Pick<
      ClientLimits,
      'connections' | 'connectionsPerAddress'
    > = DEFAULT_CLIENT_LIMITS,
  ) {}

  /** Open now. */
  get open(): number {
    return this.count;
  }

  /** Addresses with a connection, those of this machine left out. */
  get addresses(): number {
    return this.byAddress.size;
  }

  /** Counts a connection until it is closed; or tells why it is to be closed at once. */
  enter(socket: Socket): ConnectionRefusal | null {
    if (this.count >= this.limits.connections) return 'connections';
    const address = addressShare(socket.remoteAddress);
    const isCounted = !isOwnMachine(address);
    const ofAddress = this.byAddress.get(address) ?? 0;
    if (isCounted && ofAddress >= this.limits.connectionsPerAddress) {
      return 'connections_of_address';
    }
    this.count += 1;
    if (isCounted) this.byAddress.set(address, ofAddress + 1);
    socket.once('close', () => {
      this.count -= 1;
      if (isCounted) this.leave(address);
    });
    return null;
  }

  private leave(address: string): void {
    const left = (this.byAddress.get(address) ?? 0) - 1;
    if (left > 0) this.byAddress.set(address, left);
    else this.byAddress.delete(address);
  }
}
