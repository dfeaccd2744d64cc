import type { Platform } from './platform.js';

/** A site as a client knows it. */
export interface Site {
  /** As the site calls itself; its address until it has said so. */
  name: string;
  /** `http://host:port`, without a slash at its end. */
  readonly url: string;
  /** Best of a few small requests; Infinity: it did not answer. */
  roundTripMs: number;
  /** It said that it cannot do what was asked: others are tried before, until then. */
  avoidUntilMs: number;
}

const PROBES = 3;
const PROBE_LIMIT_MS = 1000;
/** Who answers this much later than the first is not the nearest. */
const PATIENCE_FACTOR = 4;
const PATIENCE_MS = 100;
const AVOID_MS = 5000;
/** A site has to be nearer than this part of another's way, and by this much, to be worth a move. */
const NEARER_PART = 0.75;
const NEARER_MS = 2;

/** The sites, and the order in which a client prefers them: the one asked for, then the nearest. */
export class Sites {
  constructor(
    private readonly platform: Platform,
    readonly all: readonly Site[],
    private readonly near: string | undefined,
  ) {}

  isNear(site: Site): boolean {
    return this.near !== undefined && (site.name === this.near || site.url === this.near);
  }

  /** Best first; those to be avoided come last. */
  ranked(): Site[] {
    const nowMs = this.platform.monoMs();
    const rank = (site: Site): number =>
      (site.avoidUntilMs > nowMs ? 2 : 0) + (this.isNear(site) ? 0 : 1);
    const wayMs = (site: Site): number => Math.min(site.roundTripMs, Number.MAX_VALUE);
    return [...this.all].sort((a, b) => rank(a) - rank(b) || wayMs(a) - wayMs(b));
  }

  /** Those that would be preferred to this one, or might be: nothing is known of them. */
  mayBeBetterThan(site: Site): Site[] {
    const nowMs = this.platform.monoMs();
    return this.all.filter((other) => {
      if (other === site || other.avoidUntilMs > nowMs || this.isNear(site)) return false;
      return other.roundTripMs === Number.POSITIVE_INFINITY || this.isBetter(other, site);
    });
  }

  isBetter(other: Site, site: Site): boolean {
    if (this.isNear(other)) return other.roundTripMs < Number.POSITIVE_INFINITY;
    return other.roundTripMs < site.roundTripMs * NEARER_PART - NEARER_MS;
  }

  avoid(site: Site): void {
    site.avoidUntilMs = this.platform.monoMs() + AVOID_MS;
  }

  /** Whether there is one that has not said lately that it cannot. */
  hasOther(site: Site): boolean {
    const nowMs = this.platform.monoMs();
    return this.all.some((other) => other !== site && other.avoidUntilMs <= nowMs);
  }

  /** The connection to it was lost, or could not be made. */
  lost(site: Site): void {
    site.roundTripMs = Number.POSITIVE_INFINITY;
  }

  /** Resolves once every one has answered, or those that have not cannot be the nearest. */
  measure(sites: readonly Site[]): Promise<void> {
    return new Promise((resolve) => {
      let open = sites.length;
      let isAnyReached = false;
      let cancel = this.platform.setTimer(PROBE_LIMIT_MS, resolve);
      const answered = (site: Site): void => {
        open -= 1;
        const isReached = site.roundTripMs < Number.POSITIVE_INFINITY;
        if (open === 0 || (isReached && this.isNear(site))) {
          cancel();
          return resolve();
        }
        if (!isReached || isAnyReached) return;
        isAnyReached = true;
        cancel();
        const patienceMs = site.roundTripMs * PATIENCE_FACTOR + PATIENCE_MS;
        cancel = this.platform.setTimer(patienceMs, resolve);
      };
      for (const site of sites) void this.probe(site).then(() => answered(site));
      if (open === 0) resolve();
    });
  }

  private async probe(site: Site): Promise<void> {
    const { platform } = this;
    const stop = new AbortController();
    let bestMs = Number.POSITIVE_INFINITY;
    const cancel = platform.setTimer(PROBE_LIMIT_MS, () => stop.abort());
    try {
      for (let sent = 0; sent < PROBES; sent += 1) {
        const sentMs = platform.monoMs();
        const settings = { method: 'GET', headers: {}, signal: stop.signal };
        const reply = await platform.fetch(`${site.url}/health`, settings);
        const told: unknown = await reply.json();
        if (!reply.ok) break;
        bestMs = Math.min(bestMs, platform.monoMs() - sentMs);
        site.name = nameIn(told) ?? site.name;
      }
    } catch {
      // It has no round trip then.
    }
    cancel();
    site.roundTripMs = bestMs;
  }
}

function nameIn(told: unknown): string | undefined {
  const { site } = (told ?? {}) as { readonly site?: unknown };
  return typeof site === 'string' && site.length > 0 && site.length <= 256 ? site : undefined;
}
