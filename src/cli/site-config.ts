import { dirname, resolve } from 'node:path';
import { parse, stringify, TomlError } from 'smol-toml';
import * as z from 'zod';
import type { TableRule } from '../protocol/ports.js';
import { parsePattern, patternText } from '../protocol/primary-table.js';
import { checkQuorumSizes } from '../protocol/quorum.js';
import { DEFAULT_AUDIT } from '../site/access/audit-log.js';
import { ADMIN_KEY_HASH } from '../site/access/admin-key.js';
import type { SiteConfig } from '../site/site-config.js';
import { DEFAULT_LOG, LOG_FORMATS, LOG_LEVELS } from '../site/telemetry/site-log.js';
import {
  CoordinatorTable,
  coordinatorFaults,
  coordinatorOf,
  coordinatorTable,
} from './coordinator-config.js';
import { LimitsTable, limitsOf, limitsTable } from './limits-config.js';
import { openFaults } from './open-site.js';
import { TelemetryTable, telemetryOf, telemetryTable } from './telemetry-config.js';
import { TlsTable, tlsFaults, tlsOf, tlsTable } from './tls-config.js';
import { lineOfKey } from './toml-line.js';

/*
 * The configuration file of one site, in TOML. It is read as a whole: every fault is reported with
 * its line and key, and nothing starts before there is none.
 */

const siteId = z.string().regex(/^[a-z0-9-]{1,32}$/, 'expected 1 to 32 of a-z, 0-9 and "-"');
const port = z.int().min(1).max(65_535);
const webAddress = z.url({ protocol: /^https?$/ });
const path = z.string().min(1);
const delay = z.number().min(0).max(10_000);

const ConfigFile = z.strictObject({
  format: z.literal(1),
  site: siteId,
  /** The site came later: it is not among cluster.sites, which is what the cluster was made with. */
  added: z.literal(true).optional(),
  display_name: z.string().min(1).max(100),
  data_folder: path,
  host: z.string().min(1),
  public_host: z.string().min(1).optional(),
  http_port: port,
  peer_port: port,
  s3_port: port.optional(),
  key_file: path.optional(),
  tls: TlsTable.optional(),
  admin_key_hash: z
    .string()
    .regex(ADMIN_KEY_HASH, 'expected sha256: and 64 hexadecimal digits')
    .optional(),
  open_to_all: z.literal(true).optional(),
  metrics_open: z.literal(true).optional(),
  fsync: z.boolean().default(true),
  log_format: z.enum(LOG_FORMATS).optional(),
  log_level: z.enum(LOG_LEVELS).optional(),
  slow_request_ms: z.int().min(1).max(3_600_000).optional(),
  nearness: z.array(siteId).optional(),
  telemetry: TelemetryTable.optional(),
  audit: z
    .strictObject({
      reads: z.boolean().default(DEFAULT_AUDIT.reads),
      file_bytes: z.int().min(4096).default(DEFAULT_AUDIT.fileBytes),
      files: z.int().min(1).max(100).default(DEFAULT_AUDIT.files),
    })
    .optional(),
  limits: LimitsTable.optional(),
  upkeep: z
    .strictObject({
      grace_ms: z.int().min(1000),
      collect_every_ms: z
        .int()
        .min(1000)
        .max(2 ** 31 - 1),
      scrub_bytes_per_second: z.int().min(1),
      scrub_every_ms: z
        .int()
        .min(1000)
        .max(2 ** 31 - 1),
    })
    .optional(),
  coordinator: CoordinatorTable,
  cluster: z.strictObject({
    id: z.string().min(1).max(100),
    sites: z.array(siteId).min(1).max(9),
    replicas: z.int(),
    write_quorum: z.int(),
    read_quorum: z.int(),
  }),
  homes: z.record(z.string(), siteId),
  wan: z.record(z.string(), z.strictObject({ rtt_ms: delay, jitter_ms: delay })).default({}),
  peers: z.array(
    z.strictObject({
      site: siteId,
      display_name: z.string().min(1).max(100),
      host: z.string().min(1),
      peer_port: port,
      http_url: webAddress,
    }),
  ),
  rules: z
    .array(z.strictObject({ pattern: z.string().min(1).max(1100), sites: z.array(siteId).min(1) }))
    .min(1),
});
type ConfigFile = z.infer<typeof ConfigFile>;

export type ConfigResult =
  | { readonly ok: true; readonly config: SiteConfig }
  /** One line per fault, each with file, line and key. */
  | { readonly ok: false; readonly message: string };

type Fault = readonly [path: readonly PropertyKey[], reason: string];

/**
 * Reads a configuration file's text. `file` is what messages call it; paths that are relative are so
 * to its folder.
 */
export function readSiteConfig(
  text: string,
  file: string,
  folder = dirname(resolve(file)),
): ConfigResult {
  let table: unknown;
  try {
    table = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0] ?? 'not TOML';
    return { ok: false, message: `${file}:${error.line}:${error.column}: ${reason}` };
  }
  const parsed = ConfigFile.safeParse(table);
  const faults: Fault[] = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.flatMap((issue): Fault[] =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => [[...issue.path, key], 'unknown key'])
          : [[issue.path, issue.message]],
      );
  if (!parsed.success || faults.length > 0) {
    const lines = faults.map(([path, reason]) => {
      return `${file}:${lineOfKey(text, path)}: ${path.map(String).join('.')}: ${reason}`;
    });
    return { ok: false, message: lines.join('\n') };
  }
  return { ok: true, config: configOf(parsed.data, folder) };
}

/** What each key allows by itself but not together with the others. */
function contradictions(file: ConfigFile): Fault[] {
  const faults: Fault[] = [];
  const { cluster } = file;
  const known = new Set(cluster.sites);
  const require = (site: string, ...path: PropertyKey[]): void => {
    if (!known.has(site)) faults.push([path, `"${site}" is not among cluster.sites`]);
  };
  if (file.added !== true) require(file.site, 'site');
  else if (known.has(file.site)) {
    faults.push([['added'], `"${file.site}" is among cluster.sites: it was not added later`]);
  }
  const quorums = checkQuorumSizes({
    replicas: cluster.replicas,
    writeQuorum: cluster.write_quorum,
    readQuorum: cluster.read_quorum,
  });
  if (!quorums.ok) faults.push([['cluster', 'write_quorum'], quorums.message]);
  if (known.size !== cluster.sites.length) faults.push([['cluster', 'sites'], 'a site twice']);
  if (cluster.replicas !== cluster.sites.length) {
    const reason = `${cluster.replicas} replicas, but cluster.sites names ${cluster.sites.length}`;
    faults.push([['cluster', 'replicas'], reason]);
  }
  for (const [shard, home] of Object.entries(file.homes)) require(home, 'homes', shard);
  file.peers.forEach((peer, index) => {
    if (file.added !== true) require(peer.site, 'peers', index, 'site');
    if (peer.site === file.site)
      faults.push([['peers', index, 'site'], 'a site is not its own peer']);
  });
  // Who came later may never have met all that the cluster was made with.
  for (const site of file.added === true ? [] : known) {
    if (site !== file.site && !file.peers.some((peer) => peer.site === site)) {
      faults.push([['peers'], `nothing is said about the site "${site}"`]);
    }
  }
  file.rules.forEach((rule, index) => {
    for (const shard of rule.sites) {
      if (file.homes[shard] !== undefined) continue;
      faults.push([['rules', index, 'sites'], `"${shard}" has no home in homes`]);
    }
  });
  if (!file.rules.some((rule) => rule.pattern === 'default')) {
    faults.push([['rules'], 'there is no rule with the pattern "default"']);
  }
  faults.push(...coordinatorFaults(file.coordinator), ...tlsFaults(file), ...openFaults(file));
  return faults;
}

function configOf(file: ConfigFile, folder: string): SiteConfig {
  const { cluster, nearness, upkeep } = file;
  return {
    site: file.site,
    displayName: file.display_name,
    dataFolder: resolve(folder, file.data_folder),
    host: file.host,
    httpPort: file.http_port,
    peerPort: file.peer_port,
    coordinator: coordinatorOf(file.coordinator, folder),
    peers: file.peers.map((peer) => ({
      site: peer.site,
      displayName: peer.display_name,
      host: peer.host,
      peerPort: peer.peer_port,
      httpUrl: peer.http_url,
    })),
    cluster: {
      clusterId: cluster.id,
      sites: cluster.sites,
      replicas: cluster.replicas,
      writeQuorum: cluster.write_quorum,
      readQuorum: cluster.read_quorum,
    },
    table: file.rules.map((rule): TableRule => {
      const isDefault = rule.pattern === 'default';
      const pattern = isDefault ? ({ kind: 'default' } as const) : parsePattern(rule.pattern);
      return { pattern, shards: rule.sites };
    }),
    homes: file.homes,
    wan: Object.fromEntries(
      Object.entries(file.wan).map(([link, { rtt_ms, jitter_ms }]) => [
        link,
        { rttMs: rtt_ms, jitterMs: jitter_ms },
      ]),
    ),
    fsync: file.fsync,
    ...(nearness && { nearness }),
    ...(file.telemetry && { telemetry: telemetryOf(file.telemetry) }),
    ...(file.audit && {
      audit: {
        reads: file.audit.reads,
        fileBytes: file.audit.file_bytes,
        files: file.audit.files,
      },
    }),
    ...(file.limits && { limits: limitsOf(file.limits) }),
    ...(upkeep && {
      upkeep: {
        graceMs: upkeep.grace_ms,
        collectEveryMs: upkeep.collect_every_ms,
        scrubBytesPerSecond: upkeep.scrub_bytes_per_second,
        scrubEveryMs: upkeep.scrub_every_ms,
      },
    }),
    ...((file.log_format ?? file.log_level) !== undefined && {
      log: {
        format: file.log_format ?? DEFAULT_LOG.format,
        level: file.log_level ?? DEFAULT_LOG.level,
      },
    }),
    ...(file.slow_request_ms !== undefined && { slowRequestMs: file.slow_request_ms }),
    ...(file.s3_port !== undefined && { s3Port: file.s3_port }),
    ...(file.key_file !== undefined && { sealKeyFile: resolve(folder, file.key_file) }),
    ...(file.public_host !== undefined && { publicHost: file.public_host }),
    ...(file.tls && { tls: tlsOf(file.tls, folder) }),
    ...(file.admin_key_hash !== undefined && { adminKeyHash: file.admin_key_hash }),
    ...(file.open_to_all && { openToAll: true as const }),
    ...(file.metrics_open && { metricsOpen: true as const }),
  };
}

/** The text that `readSiteConfig` reads back as the same configuration. */
export function siteConfigText(config: SiteConfig): string {
  const { cluster, nearness, upkeep } = config;
  const file: ConfigFile = {
    format: 1,
    site: config.site,
    ...(!cluster.sites.includes(config.site) && { added: true }),
    display_name: config.displayName,
    data_folder: config.dataFolder,
    host: config.host,
    http_port: config.httpPort,
    peer_port: config.peerPort,
    fsync: config.fsync,
    ...(config.publicHost !== undefined && { public_host: config.publicHost }),
    ...(config.log && { log_format: config.log.format, log_level: config.log.level }),
    ...(config.slowRequestMs !== undefined && { slow_request_ms: config.slowRequestMs }),
    ...(config.s3Port !== undefined && { s3_port: config.s3Port }),
    ...(config.tls && { tls: tlsTable(config.tls) }),
    ...(config.sealKeyFile !== undefined && { key_file: config.sealKeyFile }),
    ...(config.adminKeyHash !== undefined && { admin_key_hash: config.adminKeyHash }),
    ...(config.openToAll && { open_to_all: true as const }),
    ...(config.metricsOpen && { metrics_open: true as const }),
    ...(nearness && { nearness: [...nearness] }),
    ...(config.telemetry && { telemetry: telemetryTable(config.telemetry) }),
    ...(config.audit && {
      audit: {
        reads: config.audit.reads,
        file_bytes: config.audit.fileBytes,
        files: config.audit.files,
      },
    }),
    ...(config.limits && { limits: limitsTable(config.limits) }),
    ...(upkeep && {
      upkeep: {
        grace_ms: upkeep.graceMs,
        collect_every_ms: upkeep.collectEveryMs,
        scrub_bytes_per_second: upkeep.scrubBytesPerSecond,
        scrub_every_ms: upkeep.scrubEveryMs,
      },
    }),
    coordinator: coordinatorTable(config.coordinator),
    cluster: {
      id: cluster.clusterId,
      sites: [...cluster.sites],
      replicas: cluster.replicas,
      write_quorum: cluster.writeQuorum,
      read_quorum: cluster.readQuorum,
    },
    homes: { ...config.homes },
    wan: Object.fromEntries(
      Object.entries(config.wan).map(([link, { rttMs, jitterMs }]) => [
        link,
        { rtt_ms: rttMs, jitter_ms: jitterMs },
      ]),
    ),
    peers: config.peers.map((peer) => ({
      site: peer.site,
      display_name: peer.displayName,
      host: peer.host,
      peer_port: peer.peerPort,
      http_url: peer.httpUrl,
    })),
    rules: config.table.map(({ pattern, shards }) => ({
      pattern: pattern.kind === 'default' ? 'default' : patternText(pattern),
      sites: [...shards],
    })),
  };
  return stringify(file);
}
