import type { Distribution, PageChange } from './page-change.js';

const READS = 'quorate_read_duration_seconds';
const WAITS = 'quorate_write_wait_seconds';
const FRESHNESS = ['lease', 'validated', 'fetched', 'primary', 'local'] as const;
const WAITED_FOR = ['disk', 'quorum', 'caches'] as const;

/** What one site does now; times in milliseconds, rates per second. */
export interface SiteFigures {
  readonly seconds: number;
  readonly operations: Readonly<Record<'read' | 'write' | 'list', Distribution>>;
  readonly failuresPerSecond: number;
  readonly reads: Readonly<Record<(typeof FRESHNESS)[number], Distribution>>;
  /** Share of the strong reads here that asked no other site; null without any. */
  readonly leaseHits: number | null;
  readonly commitsPerSecond: number;
  readonly waits: Readonly<Record<(typeof WAITED_FOR)[number], Distribution>>;
  readonly fsync: Distribution;
  readonly peers: Readonly<
    Record<
      string,
      {
        readonly sentBytesPerSecond: number;
        readonly receivedBytesPerSecond: number;
        readonly messagesPerSecond: number;
      }
    >
  >;
  /** Kinds of messages sent, per second, the most frequent first. */
  readonly messages: readonly (readonly [kind: string, perSecond: number])[];
  readonly underWay: number;
  readonly underWayLimit: number;
  readonly logBacklogBytes: number;
  readonly writesWaitingForCaches: number;
  readonly threadQuestions: number;
  readonly sessions: number;
  readonly processorShare: number;
}

export function siteFigures(change: PageChange): SiteFigures {
  const timed = (name: string, labels = {}): Distribution =>
    inMilliseconds(change.distribution(name, labels));
  const failures =
    change.perSecond('quorate_read_failures_total') +
    change.perSecond('quorate_write_failures_total');
  return {
    seconds: change.seconds,
    operations: {
      read: timed(READS),
      write: timed('quorate_write_duration_seconds'),
      list: timed('quorate_list_duration_seconds'),
    },
    failuresPerSecond: failures,
    reads: {
      lease: timed(READS, { freshness: 'lease' }),
      validated: timed(READS, { freshness: 'validated' }),
      fetched: timed(READS, { freshness: 'fetched' }),
      primary: timed(READS, { freshness: 'primary' }),
      local: timed(READS, { freshness: 'local' }),
    },
    leaseHits: leaseHitsOf(change),
    commitsPerSecond: change.perSecond('quorate_commits_total'),
    waits: {
      disk: timed(WAITS, { for: 'disk' }),
      quorum: timed(WAITS, { for: 'quorum' }),
      caches: timed(WAITS, { for: 'caches' }),
    },
    fsync: timed('quorate_log_sync_seconds'),
    peers: peersOf(change),
    messages: change.perSecondBy('quorate_peer_messages_sent_total', 'kind'),
    underWay: change.now('quorate_requests_under_way'),
    underWayLimit: change.now('quorate_requests_limit'),
    logBacklogBytes: change.now('quorate_log_backlog_bytes'),
    writesWaitingForCaches: change.now('quorate_writes_waiting_for_caches'),
    threadQuestions: change.now('quorate_content_thread_questions'),
    sessions: change.now('quorate_sessions'),
    processorShare: change.perSecond('process_cpu_seconds_total'),
  };
}

function leaseHitsOf(change: PageChange): number | null {
  const reads = (freshness: string): number =>
    change.grown('quorate_strong_reads_total', { freshness });
  const all = change.grown('quorate_strong_reads_total');
  return all === 0 ? null : (reads('lease') + reads('primary')) / all;
}

function peersOf(change: PageChange): SiteFigures['peers'] {
  const sent = 'quorate_peer_sent_bytes_total';
  return Object.fromEntries(
    change.labelsOf(sent, 'peer').map((peer) => [
      peer,
      {
        sentBytesPerSecond: change.perSecond(sent, { peer }),
        receivedBytesPerSecond: change.perSecond('quorate_peer_received_bytes_total', { peer }),
        messagesPerSecond: change.perSecond('quorate_peer_messages_sent_total', { peer }),
      },
    ]),
  );
}

function inMilliseconds(of: Distribution): Distribution {
  const ms = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);
  return { ...of, p50: ms(of.p50), p99: ms(of.p99) };
}
