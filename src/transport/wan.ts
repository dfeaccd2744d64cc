import type { DelaySource } from './delay-line.js';
import type { LinkChange } from './peer-network.js';

export interface LinkDelay {
  /** The round trip added to the real one. */
  readonly rttMs: number;
  /** Each direction adds a random part of up to half of this. */
  readonly jitterMs: number;
}

/** Emulated links by their two sites, `a-b` in either order. */
export type Wan = Readonly<Record<string, LinkDelay>>;

export type ParsedWan =
  | { readonly ok: true; readonly wan: Wan }
  | { readonly ok: false; readonly message: string };

const DELAY_LIMIT_MS = 10_000;

/**
 * Reads `off`, `on` (the defaults), or links that differ from the defaults:
 * `nyc-lon=100,tor-lon=90~5` (milliseconds of round trip, and of jitter after the tilde).
 */
export function parseWan(text: string, sites: readonly string[], defaults: Wan): ParsedWan {
  if (text === 'off') return { ok: true, wan: {} };
  if (text === 'on') return { ok: true, wan: defaults };
  const wan: Record<string, LinkDelay> = {};
  for (const [name, delay] of Object.entries(defaults)) wan[name] = delay;
  for (const part of text.split(',')) {
    const parsed = parseLink(part.trim(), sites);
    if (typeof parsed === 'string') return { ok: false, message: parsed };
    delete wan[`${parsed.b}-${parsed.a}`];
    wan[`${parsed.a}-${parsed.b}`] = parsed.delay;
  }
  return { ok: true, wan };
}

function parseLink(
  part: string,
  sites: readonly string[],
): { a: string; b: string; delay: LinkDelay } | string {
  const match = /^(\S+?)=(\d+(?:\.\d+)?)(?:~(\d+(?:\.\d+)?))?$/.exec(part);
  if (match === null) {
    return `"${part}" is not a link: write SITE-SITE=MILLISECONDS or SITE-SITE=MILLISECONDS~JITTER, or "off"`;
  }
  const link = match[1] as string;
  for (const a of sites) {
    for (const b of sites) {
      if (a === b || link !== `${a}-${b}`) continue;
      const delay = { rttMs: Number(match[2]), jitterMs: Number(match[3] ?? 0) };
      if (delay.rttMs > DELAY_LIMIT_MS || delay.jitterMs > DELAY_LIMIT_MS) {
        return `"${part}": delays go up to ${DELAY_LIMIT_MS} ms`;
      }
      return { a, b, delay };
    }
  }
  return `"${link}" does not join two different sites of: ${sites.join(', ')}`;
}

/** The links of one site as they are now. */
export class LinkTable {
  private readonly links = new Map<string, { cut: boolean; rttMs: number; jitterMs: number }>();

  constructor(
    private readonly site: string,
    private readonly wan: Wan,
    peers: readonly string[],
    private readonly random: () => number,
  ) {
    for (const peer of peers) this.add(peer);
  }

  /** A link to one more site; one that is known stays as it is. */
  add(peer: string): void {
    if (this.links.has(peer)) return;
    const { site, wan } = this;
    const delay = wan[`${site}-${peer}`] ?? wan[`${peer}-${site}`];
    this.links.set(peer, { cut: false, rttMs: delay?.rttMs ?? 0, jitterMs: delay?.jitterMs ?? 0 });
  }

  /** The peer whose link was changed; null when the link does not end here. */
  change(a: string, b: string, change: LinkChange): string | null {
    const peer = a === this.site ? b : b === this.site ? a : null;
    const link = peer === null ? undefined : this.links.get(peer);
    if (link === undefined) return null;
    if (change.cut !== undefined) link.cut = change.cut;
    if (change.rttMs !== undefined) link.rttMs = change.rttMs;
    if (change.jitterMs !== undefined) link.jitterMs = change.jitterMs;
    return peer;
  }

  isCut(peer: string): boolean {
    return this.links.get(peer)?.cut ?? false;
  }

  delaySource(peer: string): DelaySource {
    const link = this.links.get(peer);
    return {
      delayMs: () => {
        if (link === undefined) return 0;
        const jitterMs = link.jitterMs === 0 ? 0 : this.random() * link.jitterMs;
        return (link.rttMs + jitterMs) / 2;
      },
    };
  }
}
