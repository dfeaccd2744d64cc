/*
 * Every metric that a site tells of, with its unit in its name. docs/operations.md lists them, and
 * dashboards and alerts name them: tests hold all of those to this table.
 */

export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly bounds?: readonly number[];
}

/** From a read in memory to a request that gave up. */
const LATENCY_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;
const COUNTS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const;
const SIZES_BYTES = [1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304] as const;

const NONE = [] as const;

function counter<const L extends readonly string[]>(labels: L, help: string) {
  return { type: 'counter', labels, help } as const;
}

function gauge<const L extends readonly string[]>(labels: L, help: string) {
  return { type: 'gauge', labels, help } as const;
}

function histogram<const L extends readonly string[]>(
  labels: L,
  bounds: readonly number[],
  help: string,
) {
  return { type: 'histogram', labels, bounds, help } as const;
}

/** What clients asked for, and what became of it. */
const REQUESTS = {
  quorate_read_duration_seconds: histogram(
    ['interface', 'freshness'],
    LATENCY_SECONDS,
    'Reads of files until their first byte can be sent, by what their freshness rests on.',
  ),
  quorate_read_failures_total: counter(
    ['interface', 'reason'],
    'Reads that were refused, a file that does not exist among them.',
  ),
  quorate_list_duration_seconds: histogram(
    ['interface'],
    LATENCY_SECONDS,
    'Pages of listings and histories.',
  ),
  quorate_write_duration_seconds: histogram(
    ['interface', 'outcome'],
    LATENCY_SECONDS,
    'Writes of clients of this site, by outcome: committed, rejected or unknown.',
  ),
  quorate_write_failures_total: counter(
    ['interface', 'reason'],
    'Writes that were rejected, or of which nobody knows, by reason.',
  ),
  quorate_write_wait_seconds: histogram(
    ['for'],
    LATENCY_SECONDS,
    'What writes waited for at their primary: its own disk, a quorum, and then caches.',
  ),
  quorate_invalidation_seconds: histogram(
    ['whom'],
    LATENCY_SECONDS,
    'How long other sites, and clients of this one, took to let a written file go.',
  ),
  quorate_upload_duration_seconds: histogram(
    NONE,
    LATENCY_SECONDS,
    'Receiving a body and making it durable here, before anything is proposed.',
  ),
  quorate_forwarded_duration_seconds: histogram(
    ['kind'],
    LATENCY_SECONDS,
    'Requests that another site brought to this one as the primary, until they were answered.',
  ),
  quorate_http_request_duration_seconds: histogram(
    ['interface', 'status'],
    LATENCY_SECONDS,
    'HTTP requests until their last byte was handed over, by class of status.',
  ),
  quorate_slow_requests_total: counter(
    ['interface'],
    'Requests that took longer than slow_request_ms; each is in the log.',
  ),
  quorate_requests_under_way: gauge(NONE, 'Requests of clients that are being worked on.'),
  quorate_requests_limit: gauge(NONE, 'Requests that may be under way; one more is refused.'),
  quorate_refused_requests_total: counter(
    ['reason'],
    'Requests of callers who had as much under way as they, or all together, may.',
  ),
  quorate_refused_connections_total: counter(
    ['interface', 'reason'],
    'Connections that were one too many, brought no HTTP, or were too slow.',
  ),
  quorate_client_connections: gauge(NONE, 'Connections of clients, sessions among them.'),
  quorate_client_connections_limit: gauge(NONE, 'Those that may be; one more is closed unheard.'),
  quorate_in_flight_bytes: gauge(NONE, 'What bodies and answers under way may hold in memory.'),
  quorate_in_flight_limit_bytes: gauge(NONE, 'What they may hold at most; more is refused.'),
} as const;

/** Logs, replicas and who may act. */
const SHARDS = {
  quorate_commits_total: counter(['shard'], 'Log entries that committed here as the primary.'),
  quorate_shard_primary: gauge(['shard'], '1 where this site is the primary and serves.'),
  quorate_shard_has_primary: gauge(['shard'], '1 where this site knows a primary it can reach.'),
  quorate_shard_epoch: gauge(['shard'], 'The epoch, which grows with each change of primary.'),
  quorate_shard_end_entries: gauge(['shard'], 'Where the log ends here.'),
  quorate_shard_commit_entries: gauge(['shard'], 'Up to where the log is known to be committed.'),
  quorate_view_lag_entries: gauge(['shard'], 'Committed entries that this view does not show yet.'),
  quorate_replica_lag_entries: gauge(
    ['shard', 'site'],
    'At the primary: entries that the replica has not made durable.',
  ),
  quorate_replica_lag_seconds: gauge(
    ['shard', 'site'],
    'At the primary: age of the oldest entry that the replica has not made durable.',
  ),
  quorate_replica_connected: gauge(
    ['shard', 'site'],
    'At the primary: 1 for a replica that is heard and counts towards the quorum.',
  ),
  quorate_claim_left_seconds: gauge(
    ['shard'],
    'At the primary: how long it may act yet without hearing from anybody.',
  ),
  quorate_missing_content_entries: gauge(
    ['shard'],
    'Entries of the log here whose content is still on its way.',
  ),
} as const;

const LEASES = {
  quorate_leases_held_files: gauge(['shard'], 'Files that this site serves without asking.'),
  quorate_lease_left_seconds: gauge(['shard'], 'How long the lease on the shard runs yet.'),
  quorate_leases_lent_files: gauge(
    ['shard', 'site'],
    'At the primary: files that another site holds.',
  ),
  quorate_leases_registered_files: gauge(
    ['shard'],
    "Files in the caches of this site's clients, each client's counted.",
  ),
  quorate_writes_waiting_for_caches: gauge(['shard'], 'Committed writes held up by caches now.'),
  quorate_strong_reads_total: counter(
    ['freshness'],
    'Strong reads by what they rested on; "lease" is a hit.',
  ),
  quorate_lease_lapses_total: counter(
    NONE,
    'Holders that never gave a file back and were waited out.',
  ),
  quorate_lease_evictions_total: counter(NONE, 'Files let go because as many are held as may be.'),
  quorate_sessions: gauge(NONE, "Clients' sessions that are open."),
} as const;

const STORAGE = {
  quorate_log_sync_seconds: histogram(
    NONE,
    LATENCY_SECONDS,
    'One write of a log to its disk, fsync included.',
  ),
  quorate_log_sync_writes: histogram(NONE, COUNTS, 'Writes that one fsync of a log made durable.'),
  quorate_log_sync_bytes: histogram(NONE, SIZES_BYTES, 'Bytes that one fsync made durable.'),
  quorate_log_backlog_bytes: gauge(['shard'], 'What waits to be written to the log.'),
  quorate_log_size_bytes: gauge(['shard'], 'What the log takes on disk.'),
  quorate_kept_segments_bytes: gauge(
    ['shard'],
    'Segments that the log has done with and that hold small content of kept versions.',
  ),
  quorate_chunk_write_seconds: histogram(
    NONE,
    LATENCY_SECONDS,
    'Writing one chunk, fsync included.',
  ),
  quorate_storage_failed: gauge(NONE, '1 once the disk has failed and no write is taken any more.'),
  quorate_repairs_total: counter(NONE, 'Damaged pieces that were replaced by a good copy.'),
  quorate_scrub_running: gauge(NONE, '1 while a pass is under way.'),
  quorate_scrub_passes_total: counter(NONE, 'Passes over everything that came to their end.'),
  quorate_scrub_damaged_total: counter(NONE, 'Chunks and small contents that are damaged.'),
  quorate_scrub_missing_total: counter(NONE, 'Chunks that should be here and were not.'),
  quorate_scrub_repaired_total: counter(NONE, 'Of both, those that were fetched again.'),
  quorate_scrub_findings: gauge(NONE, 'Findings that could not be repaired.'),
  quorate_collected_chunks_total: counter(NONE, 'Chunks removed that nothing referred to.'),
  quorate_collected_bytes_total: counter(NONE, 'Bytes of those chunks.'),
  quorate_divergent_records: gauge(
    ['shard', 'site'],
    'Records that differed from another site at the last comparison that was asked for.',
  ),
  quorate_verified_timestamp_seconds: gauge(NONE, 'When sites were last compared.'),
  quorate_content_threads: gauge(NONE, 'Threads that cut and hash content.'),
  quorate_content_thread_questions: gauge(NONE, 'What waits for those threads.'),
} as const;

const SITE = {
  quorate_build_info: gauge(['version', 'site'], 'Always 1.'),
  quorate_ready: gauge(NONE, '1 while strong reads and writes can be served.'),
  quorate_peer_connected: gauge(['peer'], '1 while there is a session with the site.'),
  quorate_peer_round_trip_seconds: gauge(['peer'], 'Measured on that session.'),
  quorate_peer_sent_bytes_total: counter(['peer'], 'Bytes sent to the site.'),
  quorate_peer_received_bytes_total: counter(['peer'], 'Bytes received from the site.'),
  quorate_peer_messages_sent_total: counter(['peer', 'kind'], 'Messages sent to the site.'),
  quorate_events_total: counter(['kind'], 'Events, as `quorate events` shows them.'),
  quorate_certificate_expiry_timestamp_seconds: gauge(
    ['certificate'],
    'When it ends, since 1970: of the site, of what clients and a coordinator are shown, of their authorities.',
  ),
  quorate_spans_total: counter(
    ['outcome'],
    'Spans of requests that a collector took, or that were dropped.',
  ),
  quorate_spans_waiting: gauge(NONE, 'Spans that wait to be sent.'),
  quorate_event_loop_delay_seconds: histogram(
    NONE,
    LATENCY_SECONDS,
    'How late timers were: what every request waits for besides its own work.',
  ),
  quorate_heap_used_bytes: gauge(NONE, "Memory in the engine's heap that is in use."),
  quorate_array_buffers_bytes: gauge(NONE, 'Memory of buffers outside of the heap.'),
  process_resident_memory_bytes: gauge(NONE, 'Memory of the process.'),
  process_cpu_seconds_total: counter(NONE, 'Processor time of the process.'),
  process_start_time_seconds: gauge(NONE, 'When the process started, since 1970.'),
} as const;

export const METRICS = { ...REQUESTS, ...SHARDS, ...LEASES, ...STORAGE, ...SITE } as const;

export type MetricName = keyof typeof METRICS;
