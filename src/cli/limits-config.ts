import * as z from 'zod';
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../site/client-limits.js';

/* [limits] of a site's configuration file: what it takes of its clients. */

const DEFAULTS = DEFAULT_CLIENT_LIMITS;
const count = z.int().min(1).max(1_000_000);
/** No less than one request may hold: a smaller budget would refuse it for ever. */
const budget = z
  .int()
  .min(32 * 1024 * 1024)
  .max(2 ** 40);

export const LimitsTable = z.strictObject({
  requests: count.default(DEFAULTS.requests),
  requests_per_caller: count.default(DEFAULTS.requestsPerCaller),
  in_flight_bytes: budget.default(DEFAULTS.inFlightBytes),
  in_flight_bytes_per_caller: budget.default(DEFAULTS.inFlightBytesPerCaller),
  connections: count.default(DEFAULTS.connections),
  connections_per_address: count.default(DEFAULTS.connectionsPerAddress),
  body_bytes_per_second: z.int().min(1).max(1_000_000).default(DEFAULTS.bodyBytesPerSecond),
  body_window_ms: z.int().min(1000).max(3_600_000).default(DEFAULTS.bodyWindowMs),
  silence_ms: z.int().min(1000).max(3_600_000).default(DEFAULTS.silenceMs),
});
export type LimitsTable = z.infer<typeof LimitsTable>;

export function limitsOf(table: LimitsTable): ClientLimits {
  return {
    requests: table.requests,
    requestsPerCaller: table.requests_per_caller,
    inFlightBytes: table.in_flight_bytes,
    inFlightBytesPerCaller: table.in_flight_bytes_per_caller,
    connections: table.connections,
    connectionsPerAddress: table.connections_per_address,
    bodyBytesPerSecond: table.body_bytes_per_second,
    bodyWindowMs: table.body_window_ms,
    silenceMs: table.silence_ms,
  };
}

export function limitsTable(limits: ClientLimits): LimitsTable {
  return {
    requests: limits.requests,
    requests_per_caller: limits.requestsPerCaller,
    in_flight_bytes: limits.inFlightBytes,
    in_flight_bytes_per_caller: limits.inFlightBytesPerCaller,
    connections: limits.connections,
    connections_per_address: limits.connectionsPerAddress,
    body_bytes_per_second: limits.bodyBytesPerSecond,
    body_window_ms: limits.bodyWindowMs,
    silence_ms: limits.silenceMs,
  };
}
