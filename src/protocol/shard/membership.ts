import type { Configuration, LogEntry } from '../log-entry.js';
import { recoveryQuorum, reachedByQuorum } from '../quorum.js';

/*
 * Which sites keep a shard, and how many of them a write needs, as the shard's own log says (I5). A
 * `configure` entry holds from the moment it joins a log, committed or not. † Until it is known to
 * have committed the one before it holds as well: whatever needs a quorum needs one of each. Since a
 * primary appends the next one only after that, an earlier one is certainly done with. A `configured`
 * entry says the same of the last one, so that this is still known when nobody who counted acknowledgements
 * is left.
 */
export interface Membership {
  /** What the view's part of the log says, or what the cluster was made with. */
  settled: Configuration;
  /** From the entries above the view's position, oldest first. */
  appended: { readonly seq: number; readonly configuration: Configuration }[];
  /** Entries above the view's position which say that a configuration has committed. */
  certain: { readonly seq: number; readonly version: number }[];
}

/** Decides nothing: who is sent the log besides those who count, and who claims nothing any more. */
export interface Roster {
  readonly learners: readonly string[];
  readonly leaving: readonly string[];
}

/** What is known of one site's word: the incarnation that gave it. */
export interface Voice {
  readonly incarnation: number;
  readonly value: number;
}

/** From whatever remembers one: all of them have committed, so the newest holds. */
export function createMembership(
  founding: Configuration,
  ...known: readonly (Configuration | null | undefined)[]
): Membership {
  let settled = founding;
  for (const each of known) if (each && each.version > settled.version) settled = each;
  return { settled, appended: [], certain: [] };
}

/** What the cluster was made with: every log begins under it. */
export function foundingConfiguration(
  sites: readonly string[],
  writeQuorum: number,
): Configuration {
  return { version: 0, sites, since: {}, writeQuorum };
}

export function latestOf(membership: Membership): Configuration {
  return membership.appended.at(-1)?.configuration ?? membership.settled;
}

/** The configurations that hold now, the older first. The first of them has certainly committed. */
export function activeOf(s: {
  readonly membership: Membership;
  readonly commitSeq: number;
}): readonly Configuration[] {
  const { settled, appended, certain } = s.membership;
  const last = appended.at(-1);
  if (last === undefined) return [settled];
  const { version } = last.configuration;
  if (last.seq <= s.commitSeq || certain.at(-1)?.version === version) return [last.configuration];
  return [appended.at(-2)?.configuration ?? settled, last.configuration];
}

/** Everybody who is in one of them, each once. */
export function sitesOf(configurations: readonly Configuration[]): string[] {
  const [only] = configurations;
  if (configurations.length === 1 && only !== undefined) return [...only.sites];
  return [...new Set(configurations.flatMap(({ sites }) => sites))];
}

export function isConfigure(entry: LogEntry): boolean {
  return entry.operation.kind === 'configure';
}

/** Takes note of a `configure` that joined the log; others are ignored. */
export function noteConfigure(membership: Membership, entry: LogEntry): void {
  const { operation, seq } = entry;
  if (operation.kind === 'configured') {
    membership.certain.push({ seq, version: operation.version });
    return;
  }
  if (operation.kind !== 'configure') return;
  if (operation.configuration.version <= membership.settled.version) return;
  membership.appended.push({ seq, configuration: operation.configuration });
}

/** The view has applied the entry: it can no longer be cut. */
export function settleConfigure(membership: Membership, entry: LogEntry): void {
  const { operation, seq } = entry;
  if (operation.kind === 'configured') {
    membership.certain = membership.certain.filter((each) => each.seq > seq);
  }
  if (operation.kind !== 'configure') return;
  // † What was remembered beside the log at the start may be newer than what the view replays.
  if (operation.configuration.version > membership.settled.version) {
    membership.settled = operation.configuration;
  }
  membership.appended = membership.appended.filter((each) => each.seq > seq);
}

/** Entries were cut from the log, from this seq on. */
export function cutConfigures(membership: Membership, fromSeq: number): void {
  membership.appended = membership.appended.filter(({ seq }) => seq < fromSeq);
  membership.certain = membership.certain.filter(({ seq }) => seq < fromSeq);
}

/**
 * Whether the word of this incarnation of the site counts in the configuration. † Where a later one
 * has the site begin anew on another machine, only the machines of before count in the earlier one.
 */
export function countsIn(
  configurations: readonly Configuration[],
  configuration: Configuration,
  site: string,
  incarnation: number,
): boolean {
  if (!configuration.sites.includes(site)) return false;
  const from = configuration.since[site] ?? 0;
  if (incarnation < from) return false;
  for (const other of configurations) {
    if (other.version <= configuration.version) continue;
    const later = other.since[site] ?? 0;
    if (later > from && incarnation >= later) return false;
  }
  return true;
}

/** † What a write quorum of every configuration reaches; a site without a voice reaches nothing. */
export function reachedByAll(
  configurations: readonly Configuration[],
  voiceOf: (site: string) => Voice | undefined,
): number {
  let reached = Number.POSITIVE_INFINITY;
  for (const configuration of configurations) {
    const values: number[] = [];
    for (const site of configuration.sites) {
      const voice = voiceOf(site);
      if (voice === undefined) continue;
      if (!countsIn(configurations, configuration, site, voice.incarnation)) continue;
      values.push(voice.value);
    }
    reached = Math.min(reached, reachedByQuorum(values, configuration.writeQuorum));
  }
  return reached;
}

/**
 * The configurations that a new primary has to hear a recovery quorum of, from what the logs of those
 * who answered say. † All of them, and not what its own log says: that may be long out of date. What
 * some log knows to have been followed by a committed one is done with.
 */
export function toRecover(told: readonly (readonly Configuration[])[]): Configuration[] {
  let committed: Configuration | undefined;
  for (const [first] of told) {
    if (first !== undefined && first.version >= (committed?.version ?? 0)) committed = first;
  }
  if (committed === undefined) return [];
  const found = new Map([[textOf(committed), committed]]);
  for (const configuration of told.flat()) {
    if (configuration.version <= committed.version) continue;
    found.set(textOf(configuration), configuration);
  }
  return [...found.values()].sort((a, b) => a.version - b.version);
}

function textOf({ version, sites, since, writeQuorum }: Configuration): string {
  return JSON.stringify([version, sites, Object.entries(since).sort(), writeQuorum]);
}

/** Whether N − W + 1 sites of each configuration are among those who answered. */
export function hasRecoveryQuorum(
  configurations: readonly Configuration[],
  answers: ReadonlyMap<string, { readonly incarnation: number }>,
): boolean {
  return configurations.every((configuration) => {
    const { sites, writeQuorum } = configuration;
    const heard = sites.filter((site) => {
      const answer = answers.get(site);
      if (answer === undefined) return false;
      return countsIn(configurations, configuration, site, answer.incarnation);
    });
    return heard.length >= recoveryQuorum(sites.length, writeQuorum);
  });
}
