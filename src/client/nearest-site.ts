import type { SiteEndpoint } from './site-endpoint.js';
import { exchange } from './site-endpoint.js';

const PROBE_LIMIT_MS = 1000;
const PROBES = 3;
const STEP_MS = 8;

/**
 * The order in which a client tries the sites: the one asked for, then the rest as listed; or, when
 * none is asked for, the nearest first, measured once. Sites that do not answer come last.
 */
export class SiteOrder {
  readonly #sites: readonly SiteEndpoint[];
  readonly #near: string | undefined;
  #measured: Promise<readonly SiteEndpoint[]> | undefined;

  constructor(sites: readonly SiteEndpoint[], near?: string) {
    this.#sites = sites;
    this.#near = near;
  }

  /** Nearest first; every site exactly once. */
  async order(): Promise<readonly SiteEndpoint[]> {
    const near = this.#sites.find(({ site }) => site === this.#near);
    if (near) return [near, ...this.#sites.filter((other) => other !== near)];
    this.#measured ??= measure(this.#sites);
    return this.#measured;
  }

  /** Measures anew the next time: what was near is gone. */
  forget(): void {
    this.#measured = undefined;
  }
}

async function measure(sites: readonly SiteEndpoint[]): Promise<readonly SiteEndpoint[]> {
  if (sites.length < 2) return sites;
  const timed = await Promise.all(
    sites.map(async (endpoint) => ({ endpoint, roundTripMs: await probe(endpoint) })),
  );
  timed.sort((a, b) => a.roundTripMs - b.roundTripMs);
  return timed.map(({ endpoint }) => endpoint);
}

/** Best round trip of a few on an open connection, in coarse steps so that equals stay as listed. */
async function probe(endpoint: SiteEndpoint): Promise<number> {
  let roundTripMs = Number.MAX_VALUE;
  for (let attempt = 0; attempt < PROBES; attempt += 1) {
    const start = performance.now();
    const reply = await exchange(endpoint, {
      method: 'GET',
      path: '/health',
      silenceLimitMs: PROBE_LIMIT_MS,
    });
    if (reply.kind !== 'reply') return Number.MAX_VALUE;
    reply.body.resume();
    await new Promise((resolve) => reply.body.once('close', resolve));
    if (reply.status !== 200) return Number.MAX_VALUE;
    roundTripMs = Math.min(roundTripMs, performance.now() - start);
  }
  return Math.floor(roundTripMs / STEP_MS);
}
