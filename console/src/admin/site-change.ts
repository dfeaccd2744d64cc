import type { ClusterStatus, ShardStatus } from '../api/cluster.ts';
import { counted } from '../design/format.ts';

/** Of this many entries of a log nobody need wait to be sent. */
const FILLED_WITHIN_ENTRIES = 256;

/** How far one group of files has got at the site that comes. */
export interface Filling {
  readonly shard: string;
  readonly text: string;
  readonly isFilled: boolean;
}

export interface SiteChange {
  readonly kind: 'add' | 'remove' | 'replace';
  readonly site: string;
  /** A sentence, without its end. */
  readonly title: string;
  readonly text: string;
  /** Empty where none comes. */
  readonly fillings: readonly Filling[];
  /** It can be given up yet. */
  readonly isOpen: boolean;
}

const TITLES = {
  add: 'is being added',
  remove: 'is being removed',
  replace: 'is being replaced by another machine',
} as const;

/**
 * The change of sites that is under way, for people; null where there is none. `shards`: as their
 * primaries see them, who alone know how far others are.
 */
export function siteChange(
  change: ClusterStatus['change'],
  shards: readonly ShardStatus[],
): SiteChange | null {
  if (change == null) return null;
  const kind = change.kind === 'add' || change.kind === 'remove' ? change.kind : 'replace';
  const isOpen = change.state === 'preparing';
  const comes = kind !== 'remove' && isOpen;
  const { site } = change;
  return {
    kind,
    site,
    title: TITLES[kind],
    text: sentenceOf(kind, isOpen),
    fillings: comes ? shards.map((shard) => fillingOf(shard, site)) : [],
    isOpen,
  };
}

function sentenceOf(kind: SiteChange['kind'], isOpen: boolean): string {
  if (kind === 'remove') {
    return isOpen
      ? 'It hands over what it is primary of. Files can be read and written meanwhile.'
      : 'The others are told to go on without it.';
  }
  return isOpen
    ? 'It is filled from the others. No write waits for it until it has everything.'
    : 'It has everything; the others are told that it counts.';
}

function fillingOf({ shard, replicas }: ShardStatus, site: string): Filling {
  const replica = replicas.find((each) => each.site === site);
  if (replica === undefined || replica.state === 'away' || !replica.connected) {
    return { shard, text: 'not connected yet', isFilled: false };
  }
  const { behindEntries, state } = replica;
  if (behindEntries <= FILLED_WITHIN_ENTRIES && state !== 'snapshot') {
    return { shard, text: 'has everything', isFilled: true };
  }
  if (state === 'snapshot') return { shard, text: 'takes a snapshot', isFilled: false };
  const count = counted(behindEntries, 'log entry').replace('entrys', 'entries');
  return { shard, text: `${count} to come`, isFilled: false };
}
