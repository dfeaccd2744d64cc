/** What a site takes of its clients. Whoever wants more is refused before any work is done. */
export interface ClientLimits {
  /** Requests that are worked on at once … */
  readonly requests: number;
  /** … and of one caller: of a key or, without one, of an address. */
  readonly requestsPerCaller: number;
  /** Bytes that bodies and large answers under way may hold in memory … */
  readonly inFlightBytes: number;
  /** … and those of one caller. */
  readonly inFlightBytesPerCaller: number;
  /** Connections to all ports for clients, sessions among them … */
  readonly connections: number;
  /** … and from one address; the machine's own programs and proxies are not counted apart. */
  readonly connectionsPerAddress: number;
  /** A body that comes more slowly than this over a whole window is given up. */
  readonly bodyBytesPerSecond: number;
  readonly bodyWindowMs: number;
  /** Silence on a connection with a request under way, either way, that ends it. */
  readonly silenceMs: number;
}

const MEBIBYTE = 1024 * 1024;

/** Where the site's config says nothing. */
export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  requests: 4096,
  requestsPerCaller: 1024,
  inFlightBytes: 1024 * MEBIBYTE,
  inFlightBytesPerCaller: 512 * MEBIBYTE,
  connections: 30_000,
  connectionsPerAddress: 1024,
  bodyBytesPerSecond: 512,
  bodyWindowMs: 20_000,
  silenceMs: 120_000,
};
