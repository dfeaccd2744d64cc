import { CLEAR, type Condition } from '../../transport/fault-proxy/condition.js';
import { Way } from '../../transport/fault-proxy/way.js';
import type { CutManner, Direction } from './fault.js';

/** Who stands at the ends of a way; `there` is from the first to the second. */
export interface Ends {
  readonly from: string;
  readonly to: string;
}

/** What makes a way worse for as long as it is in force; several may be at once. */
export interface Trouble {
  /** Which ways it is of, and in which direction of each. */
  readonly touches: (ends: Ends) => Direction | null;
  readonly cut?: CutManner;
  readonly addedMs?: number;
  readonly bytesPerSecond?: number;
  readonly stallChance?: number;
}

interface Link {
  readonly ends: Ends;
  readonly way: Way;
  readonly usual: Condition;
}

/** As long as a packet takes to be missed and sent again. */
const RESEND_MS = 250;
/** Held is milder than swallowed: who does either at once swallows. */
const GRAVITY = ['open', 'held', 'swallowed'] as const;

/** Every way of the cluster, and what is wrong with each just now. */
export class Links {
  private readonly links: Link[] = [];
  private readonly troubles = new Set<Trouble>();

  constructor(
    private readonly host: string,
    private readonly random: () => number,
  ) {}

  /** Opens a way on a port; `usual` is how both its directions are when nothing is wrong. */
  async open(ends: Ends, port: number, toPort: number, usual: Condition = CLEAR): Promise<void> {
    const { host, random } = this;
    const way = await Way.open({ host, port, toPort, random });
    way.set(usual, usual);
    this.links.push({ ends, way, usual });
  }

  /** Puts a trouble in force; what is returned takes it away. */
  trouble(trouble: Trouble): () => void {
    this.troubles.add(trouble);
    this.apply();
    return () => {
      if (this.troubles.delete(trouble)) this.apply();
    };
  }

  heal(): void {
    this.troubles.clear();
    this.apply();
  }

  /** The ways that clients go to a site are refused while its process is not there. */
  async serve(site: string, isThere: boolean): Promise<void> {
    const ways = this.links.filter(({ ends }) => ends.from === CLIENTS && ends.to === site);
    await Promise.all(ways.map(({ way }) => (isThere ? way.reopen() : way.shut())));
  }

  async close(): Promise<void> {
    await Promise.all(this.links.map(({ way }) => way.close()));
  }

  private apply(): void {
    for (const { ends, way, usual } of this.links) {
      let there = usual;
      let back = usual;
      let isReset = false;
      for (const trouble of this.troubles) {
        const direction = trouble.touches(ends);
        if (direction === null) continue;
        if (trouble.cut === 'reset') isReset = true;
        if (direction !== 'back') there = worsened(there, trouble);
        if (direction !== 'there') back = worsened(back, trouble);
      }
      way.set(there, back);
      way.reset(isReset);
    }
  }
}

/** What clients are called at the ends of a way; sites have their ids. */
export const CLIENTS = 'clients';
export const COORDINATOR = 'coordinator';

export function worsened(condition: Condition, trouble: Trouble): Condition {
  const { addedMs = 0, bytesPerSecond, stallChance = 0, cut = 'reset' } = trouble;
  const gravity = Math.max(
    GRAVITY.indexOf(condition.cut),
    cut === 'reset' ? 0 : GRAVITY.indexOf(cut),
  );
  const rate = Math.min(condition.bytesPerSecond ?? Infinity, bytesPerSecond ?? Infinity);
  return {
    delayMs: condition.delayMs + addedMs,
    jitterMs: condition.jitterMs + addedMs / 4,
    bytesPerSecond: Number.isFinite(rate) ? rate : null,
    stallChance: Math.max(condition.stallChance, stallChance),
    stallMs: stallChance > 0 ? RESEND_MS : condition.stallMs,
    cut: GRAVITY[gravity] ?? 'open',
  };
}

/** The direction in which a trouble between two named ends touches a way. */
export function between(
  [first, second]: readonly [string, string],
  direction: Direction,
): Trouble['touches'] {
  const turned = direction === 'both' ? 'both' : direction === 'there' ? 'back' : 'there';
  return ({ from, to }) => {
    if (from === first && to === second) return direction;
    return from === second && to === first ? turned : null;
  };
}

/** All ways between a site and other sites: `there` is what it says. */
export function around(
  site: string,
  others: readonly string[],
  direction: Direction,
): Trouble['touches'] {
  const each = others.map((other) => between([site, other], direction));
  return (ends) => each.map((touches) => touches(ends)).find((found) => found !== null) ?? null;
}
