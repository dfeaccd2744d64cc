/** Something that goes wrong at a moment of true time. */
export type Fault = { readonly atMs: number } & (
  | {
      readonly kind: 'crash';
      readonly site: string;
      readonly downMs: number;
      readonly wipe: boolean;
      /** The view alone is lost: the logs still say what was acknowledged. */
      readonly loseView: boolean;
    }
  | { readonly kind: 'stop'; readonly site: string; readonly downMs: number }
  | {
      readonly kind: 'pause';
      readonly site: string;
      readonly forMs: number;
      readonly asleep: boolean;
      /** How long a machine that wakes is without its network. */
      readonly deafMs: number;
    }
  | { readonly kind: 'jump'; readonly site: string; readonly byMs: number }
  | { readonly kind: 'rot'; readonly site: string; readonly shardIndex: number }
  | { readonly kind: 'full'; readonly site: string; readonly shardIndex: number }
  | {
      readonly kind: 'partition';
      readonly sites: readonly string[];
      readonly forMs: number;
      readonly oneWay: boolean;
    }
  | { readonly kind: 'clog'; readonly from: string; readonly to: string; readonly forMs: number }
  | { readonly kind: 'break'; readonly from: string; readonly to: string }
  /** A client's connection is cut; the site and the client notice when they do. */
  | {
      readonly kind: 'cut';
      readonly client: number;
      readonly siteMs: number;
      readonly clientMs: number;
    }
  | {
      readonly kind: 'client-pause';
      readonly client: number;
      readonly forMs: number;
      readonly asleep: boolean;
    }
  | { readonly kind: 'vanish'; readonly client: number }
  | { readonly kind: 'coordinator'; readonly site: string; readonly forMs: number }
  /** One link is cut, both ways: each of the two still reaches everybody else. */
  | { readonly kind: 'link'; readonly from: string; readonly to: string; readonly forMs: number }
  /** The claims at the coordinator go back to what they were before their last change. */
  | { readonly kind: 'restore' }
  /** A site is added, removed or replaced; or a change that is under way is given up. */
  | {
      readonly kind: 'sites';
      readonly change: 'add' | 'remove' | 'replace';
      readonly pick: number;
      readonly cancels: boolean;
      /** A removed site is switched off as soon as it may be. */
      readonly isOff: boolean;
      readonly downMs: number;
    }
  /** Every site loses power at once. */
  | { readonly kind: 'blackout'; readonly downMs: readonly number[] }
  /** A site loses the coordinator and, a while later, everybody else. */
  | {
      readonly kind: 'estrange';
      readonly site: string;
      readonly afterMs: number;
      readonly forMs: number;
    }
  | Ambush
);

/** What an ambush does, when its moment has come. */
export const AMBUSH_ACTS = [
  'crash',
  'isolate',
  'coordinator',
  'cut-off',
  'blackout',
  'stop',
  'restore',
] as const;
/** Moments of the protocol at which a fault hurts most. */
export const AMBUSH_EVENTS = [
  'claimed',
  'crowned',
  'serving',
  'cut',
  'joined',
  'snapshot-started',
  'stepped-down',
  'handing-over',
  'configured',
] as const;

/**
 * Lies in wait from `atMs` on for the next such event anywhere, and strikes shortly afterwards. A
 * fault at a random time hardly ever hits the few milliseconds in which it matters.
 */
export interface Ambush {
  readonly kind: 'ambush';
  readonly event: (typeof AMBUSH_EVENTS)[number];
  readonly act: (typeof AMBUSH_ACTS)[number];
  /** How many places after the site of the event the one stands that is struck; 0: itself. */
  readonly offset: number;
  readonly afterMs: number;
  readonly forMs: number;
}
