import { EXPIRES_SOON_MS } from '../certificates/expiry.js';
import type { ClusterAnswer } from '../client/answers.js';
import type { SiteEndpoint } from '../client/site-endpoint.js';
import { bytesText, countText, tableLines } from './figures.js';

/** What one site said of the cluster; null when it did not answer. */
export interface SiteView {
  readonly endpoint: SiteEndpoint;
  readonly cluster: ClusterAnswer | null;
}

export type Health = 'good' | 'reduced' | 'read_only' | 'down';

export interface Verdict {
  readonly health: Health;
  readonly sentence: string;
}

type Shard = ClusterAnswer['shards'][number];

/** One sentence for the whole cluster. */
export function judge(views: readonly SiteView[]): Verdict {
  const answering = views.filter(({ cluster }) => cluster !== null);
  const [first] = answering;
  if (!first?.cluster) return { health: 'down', sentence: 'No site answers.' };
  const { writeQuorum } = first.cluster;
  const up = answering.length;
  if (up < writeQuorum) {
    return {
      health: 'read_only',
      sentence: `${up} of ${views.length} sites up, ${writeQuorum} needed: writes are refused, only --local reads are served.`,
    };
  }
  const leaderless = shardsOf(views).filter(({ best }) => best.role !== 'primary');
  if (leaderless.length > 0) {
    const names = leaderless.map(({ best }) => best.shard).join(', ');
    return { health: 'reduced', sentence: `Another site is taking over the files of ${names}.` };
  }
  const failed = answering.find(({ cluster }) => cluster?.storageFailure != null);
  if (failed?.cluster) {
    const { site, storageFailure } = failed.cluster;
    return { health: 'reduced', sentence: `The disk of ${site} refuses writes: ${storageFailure}` };
  }
  if (up < views.length) {
    const away = views.flatMap(({ endpoint, cluster }) => (cluster ? [] : [endpoint.site]));
    return {
      health: 'reduced',
      sentence: `Every file can be read and written, without ${away.join(', ')}.`,
    };
  }
  const behind = shardsOf(views).flatMap(({ best }) =>
    best.replicas.filter(({ state }) => state !== 'current').map(({ site }) => site),
  );
  if (behind.length > 0) {
    const names = [...new Set(behind)].join(', ');
    return {
      health: 'reduced',
      sentence: `Every file can be read and written; ${names} is catching up.`,
    };
  }
  return { health: 'good', sentence: 'Every file can be read and written; all sites are current.' };
}

/** The screen of `quorate status`. */
export function statusScreen(views: readonly SiteView[]): string {
  const { sentence } = judge(views);
  const source = views.find(({ cluster }) => cluster !== null)?.cluster;
  if (!source) return `${sentence} Is the cluster running? Start one with: quorate up`;
  const siteRows = views.map(({ endpoint, cluster }) => {
    const known = source.sites.find(({ site }) => site === endpoint.site);
    const trip = known?.roundTripMs;
    return [
      endpoint.site,
      known?.displayName ?? '',
      cluster ? 'up' : 'DOWN',
      endpoint.site === source.site || trip == null || !cluster ? '-' : `${trip.toFixed(0)} ms`,
      endpoint.url,
      cluster?.s3Url ?? '',
      cluster?.storageFailure != null ? `DISK: ${cluster.storageFailure}` : '',
    ];
  });
  const names = views.map(({ endpoint }) => endpoint.site);
  const shardRows = shardsOf(views).map(({ best }) => [
    best.shard,
    servedBy(best),
    String(best.epoch),
    countText(best.commitSeq),
    ...names.map((site) => replicaText(best, site)),
  ]);
  const repairs = views.reduce((sum, { cluster }) => sum + (cluster?.repairs ?? 0), 0);
  return [
    sentence,
    '',
    ...tableLines([
      ['SITE', 'CITY', 'STATE', `FROM ${source.site}`, 'ADDRESS', 'S3', ''],
      ...siteRows,
    ]),
    '',
    ...tableLines([
      ['FILES OF', 'PRIMARY', 'EPOCH', 'POSITION', ...names.map((name) => `AT ${name}`)],
      ...shardRows,
    ]),
    '',
    ...tableLines([
      ['CACHES AT', 'CLIENTS', 'FILES HELD', 'OF CLIENTS', 'READS HERE', 'ASKED', 'WRITES HELD UP'],
      ...views.flatMap(({ cluster }) => (cluster ? [leaseRow(cluster)] : [])),
    ]),
    ...changeLines(source, views),
    ...upkeepLines(views),
    ...certificateLines(views, Date.now()),
    ...(repairs > 0 ? ['', `${countText(repairs)} damaged pieces were found and repaired.`] : []),
  ].join('\n');
}

/** How far a change of sites is. */
export function changeLines(source: ClusterAnswer, views: readonly SiteView[]): string[] {
  const { change } = source;
  if (change == null) return [];
  const shards = shardsOf(views);
  const behind = shards.flatMap(({ best }) =>
    best.replicas.flatMap((replica) => (replica.site === change.site ? [replica] : [])),
  );
  const filled = behind.filter(({ connected, behindEntries }) => connected && behindEntries <= 256);
  const entries = behind.reduce((sum, { behindEntries }) => sum + behindEntries, 0);
  const isOpen = change.state === 'preparing';
  if (change.kind === 'remove') {
    const how = isOpen
      ? 'it hands over what it is primary of'
      : 'the others are told to go on without it';
    return ['', `${change.site} is being removed: ${how}.`];
  }
  const how = isOpen
    ? `it has what ${filled.length} of ${shards.length} sites' files are made of, ` +
      `${countText(entries)} log entries are to come`
    : 'it has everything; the others are told that it counts';
  const what = change.kind === 'add' ? 'is being added' : 'is being replaced by another machine';
  return ['', `${change.site} ${what}: ${how}.`];
}

/** Certificates that end within 14 days, or have ended. */
export function certificateLines(views: readonly SiteView[], nowMs: number): string[] {
  const lines = views.flatMap(({ cluster }) =>
    (cluster?.certificates ?? [])
      .filter(({ expiresMs }) => expiresMs - nowMs <= EXPIRES_SOON_MS)
      .map(({ what, expiresMs }) => {
        const days = Math.floor((expiresMs - nowMs) / 86_400_000);
        const ends = expiresMs <= nowMs ? 'has expired' : `expires in ${days} days`;
        const whose = what === 'authority' ? what : `${what} certificate`;
        const renewal = what.startsWith('coordinator')
          ? 'put a new one in its place'
          : 'quorate cert renew';
        return `${cluster?.site}: the ${whose} ${ends}: ${renewal}`;
      }),
  );
  return lines.length > 0 ? ['', ...lines] : [];
}

/** What was removed because nothing refers to it, and what scrubbing could not repair. */
function upkeepLines(views: readonly SiteView[]): string[] {
  const upkeeps = views.flatMap(({ cluster }) => (cluster?.upkeep ? [cluster] : []));
  const lines = upkeeps.flatMap(({ site, upkeep }) => {
    const { chunks, bytes } = upkeep?.collected ?? { chunks: 0, bytes: 0 };
    const { running = false, findings = [] } = upkeep?.scrub ?? {};
    return [
      ...(chunks > 0
        ? [`${site} collected ${countText(chunks)} chunks (${bytesText(bytes)}) no file needs.`]
        : []),
      ...(running ? [`${site} is scrubbing: quorate scrub shows how far it is.`] : []),
      ...findings.map((finding) => `${site}: ${finding}.`),
    ];
  });
  return lines.length > 0 ? ['', ...lines] : [];
}

/** What a site and its clients hold under lease, and what that saved and cost. */
function leaseRow({ site, shards, leases }: ClusterAnswer): string[] {
  const sum = (count: (shard: Shard) => number): number =>
    shards.reduce((total, shard) => total + count(shard), 0);
  const { reads, waitedWrites, waitedMs } = leases;
  const mean = waitedWrites === 0 ? '' : `, ${(waitedMs / waitedWrites).toFixed(0)} ms each`;
  return [
    site,
    countText(leases.sessions),
    countText(sum((shard) => shard.leases.held)),
    countText(sum((shard) => shard.leases.registered)),
    countText(reads.lease + reads.primary),
    countText(reads.validated + reads.fetched),
    `${countText(waitedWrites)}${mean}`,
  ];
}

/** Of each shard what its primary says, else what the site with the latest epoch says. */
function shardsOf(views: readonly SiteView[]): { best: Shard }[] {
  const shards = new Map<string, Shard>();
  for (const { cluster } of views) {
    for (const shard of cluster?.shards ?? []) {
      const known = shards.get(shard.shard);
      if (!known || weight(shard) > weight(known)) shards.set(shard.shard, shard);
    }
  }
  return [...shards.values()].map((best) => ({ best }));
}

function weight(shard: Shard): number {
  return 2 * shard.epoch + (shard.role === 'primary' ? 1 : 0);
}

function servedBy({ primary, home, role }: Shard): string {
  if (role !== 'primary') return 'nobody yet';
  return primary === home ? primary : `${primary} for ${home}`;
}

function replicaText(shard: Shard, site: string): string {
  if (shard.role === 'primary' && shard.primary === site) return 'primary';
  const replica = shard.replicas.find((other) => other.site === site);
  if (!replica) return '?';
  const { state, behindEntries } = replica;
  if (state === 'current') return 'current';
  const words = state.replace('_', ' ');
  return behindEntries > 0 ? `${words}, ${countText(behindEntries)} behind` : words;
}
