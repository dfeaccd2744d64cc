import type { SiteEvent } from './live-frame.ts';

/** What an event is about; every kind is of one group. */
export type EventGroup = 'failover' | 'catch-up' | 'repairs' | 'sites';

export const EVENT_GROUPS: readonly { readonly group: EventGroup; readonly label: string }[] = [
  { group: 'failover', label: 'Failover' },
  { group: 'catch-up', label: 'Catch-up' },
  { group: 'repairs', label: 'Disks and repairs' },
  { group: 'sites', label: 'Sites' },
];

const GROUPS: Readonly<Record<SiteEvent['kind'], EventGroup>> = {
  primary: 'failover',
  'primary-gone': 'failover',
  'handing-over': 'failover',
  configured: 'failover',
  'quorum-lost': 'failover',
  'quorum-back': 'failover',
  'lease-lapsed': 'failover',
  'catch-up-begun': 'catch-up',
  'catch-up-ended': 'catch-up',
  'snapshot-begun': 'catch-up',
  'snapshot-ended': 'catch-up',
  'snapshot-failed': 'catch-up',
  'storage-failed': 'repairs',
  'damage-found': 'repairs',
  repaired: 'repairs',
  'scrub-finding': 'repairs',
  diverged: 'repairs',
  started: 'sites',
  stopping: 'sites',
  'stopped-itself': 'sites',
  'site-lost': 'sites',
  'site-back': 'sites',
  paused: 'sites',
  'certificate-expires': 'sites',
};

/** A kind that this page does not know yet is told with the sites. */
export function groupOf({ kind }: Pick<SiteEvent, 'kind'>): EventGroup {
  return GROUPS[kind] ?? 'sites';
}

export const KEPT_LIMIT = 500;

/** Of one event, wherever it is told. */
export function keyOf({ site, id }: Pick<SiteEvent, 'site' | 'id'>): string {
  return `${site} ${id}`;
}

/** With what was told now, newest first: each once, and only the newest of all. */
export function withEvents(
  known: readonly SiteEvent[],
  told: readonly SiteEvent[],
): readonly SiteEvent[] {
  if (told.length === 0) return known;
  const all = new Map([...known, ...told].map((event) => [keyOf(event), event]));
  return [...all.values()].sort((a, b) => b.atMs - a.atMs).slice(0, KEPT_LIMIT);
}
