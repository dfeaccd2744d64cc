import { bytesText, tableLines } from '../figures.js';
import type { Distribution } from './page-change.js';
import type { SiteFigures } from './site-figures.js';

/** Null: it does not answer. */
export interface SiteNow {
  readonly site: string;
  readonly figures: SiteFigures | null;
}

const MESSAGE_KINDS = 6;

/** What the sites do now, a row for each. */
export function topScreen(sites: readonly SiteNow[]): string {
  const rows = (row: (figures: SiteFigures) => string[], away: string): string[][] =>
    sites.map(({ site, figures }) => (figures === null ? [site, away] : [site, ...row(figures)]));
  const seconds = sites.find(({ figures }) => figures !== null)?.figures?.seconds ?? 0;
  return [
    `Per second, over ${seconds.toFixed(1)} s; times in ms: median / 99th percentile, at most.`,
    '',
    ...tableLines([
      ['SITE', 'READS', '', 'WRITES', '', 'LISTS', '', 'FAILED', 'UNDER WAY', 'SESSIONS', 'CPU'],
      ...rows(activityCells, 'does not answer'),
    ]),
    '',
    ...tableLines([
      ['READS BY', 'LEASE', '', 'VALIDATED', '', 'FETCHED', '', 'PRIMARY', '', 'LOCAL', '', 'HITS'],
      ...rows(({ reads, leaseHits }) => {
        const { lease, validated, fetched, primary, local } = reads;
        const hits = leaseHits === null ? '-' : `${Math.round(leaseHits * 100)} %`;
        return [...[lease, validated, fetched, primary, local].flatMap(cells), hits];
      }, ''),
    ]),
    '',
    ...tableLines([
      [
        'WRITES',
        'COMMITS',
        'DISK',
        'QUORUM',
        'CACHES',
        'HELD UP',
        'FSYNCS',
        '',
        'BACKLOG',
        'THREADS',
      ],
      ...rows(writeCells, ''),
    ]),
    '',
    ...tableLines([['LINK', 'SENT', 'RECEIVED', 'MESSAGES'], ...sites.flatMap(linkRows)]),
    '',
    ...sites.flatMap(messageLine),
  ].join('\n');
}

function activityCells(figures: SiteFigures): string[] {
  const { operations, failuresPerSecond, underWay, underWayLimit, sessions } = figures;
  return [
    ...[operations.read, operations.write, operations.list].flatMap(cells),
    rate(failuresPerSecond),
    `${underWay} of ${underWayLimit}`,
    String(sessions),
    `${Math.round(figures.processorShare * 100)} %`,
  ];
}

function writeCells(figures: SiteFigures): string[] {
  const { commitsPerSecond, waits, writesWaitingForCaches, fsync } = figures;
  return [
    rate(commitsPerSecond),
    times(waits.disk),
    times(waits.quorum),
    times(waits.caches),
    String(writesWaitingForCaches),
    ...cells(fsync),
    bytesText(figures.logBacklogBytes),
    String(figures.threadQuestions),
  ];
}

function linkRows({ site, figures }: SiteNow): string[][] {
  return Object.entries(figures?.peers ?? {}).map(([peer, traffic]) => [
    `${site} > ${peer}`,
    bytesText(Math.round(traffic.sentBytesPerSecond)),
    bytesText(Math.round(traffic.receivedBytesPerSecond)),
    rate(traffic.messagesPerSecond),
  ]);
}

function messageLine({ site, figures }: SiteNow): string[] {
  const kinds = (figures?.messages ?? []).slice(0, MESSAGE_KINDS);
  if (kinds.length === 0) return [];
  return [`${site} sends ${kinds.map(([kind, count]) => `${kind} ${rate(count)}`).join(', ')}`];
}

function cells(of: Distribution): [string, string] {
  return [rate(of.perSecond), times(of)];
}

function times({ p50, p99 }: Distribution): string {
  return p50 === null || p99 === null ? '-' : `${milliseconds(p50)} / ${milliseconds(p99)}`;
}

function milliseconds(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return '> 10000';
  return String(Number(ms.toPrecision(3)));
}

function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  return perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en-US');
}
