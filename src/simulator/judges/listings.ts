import type { CommittedEntry, Operation } from '../history.js';
import { compareUtf8 } from '../../protocol/utf8-order.js';
import { type Finding, Findings, describe, isFresh } from './finding.js';

interface FileTimeline {
  /** By version. */
  readonly entries: Map<number, CommittedEntry>;
  /** True start of each version's first attempt. */
  readonly startMs: Map<number, number>;
  /** Answers that told of a version, by when they ended. */
  readonly known: { readonly endMs: number; readonly operation: Operation }[];
}

/**
 * Promise 1 for listings: sorted by UTF-8 bytes, within prefix, `after` and limit; and each file is
 * shown as a read of it during the listing could have shown it, so a file is missing only if it may
 * have been absent then. Files are registers of their own: one listing may mix moments. Needs the
 * commit chain.
 */
export function judgeListings(
  operations: readonly Operation[],
  entries: readonly CommittedEntry[],
): Finding[] {
  const findings = new Findings();
  const timelines = timelinesOf(operations, entries);
  for (const listing of operations) {
    if (listing.kind !== 'list' || listing.outcome !== 'ok' || findings.isFull) continue;
    judgeForm(listing, findings);
    if (isFresh(listing)) judgeFreshness(listing, timelines, findings);
  }
  return findings.list;
}

function timelinesOf(
  operations: readonly Operation[],
  entries: readonly CommittedEntry[],
): Map<string, FileTimeline> {
  const timelines = new Map<string, FileTimeline>();
  const starts = new Map<string, number>();
  for (const { requestId, startMs } of operations) {
    if (requestId === undefined) continue;
    starts.set(requestId, Math.min(startMs, starts.get(requestId) ?? Infinity));
  }
  for (const entry of entries) {
    let timeline = timelines.get(entry.name);
    if (timeline === undefined) {
      timeline = { entries: new Map(), startMs: new Map(), known: [] };
      timelines.set(entry.name, timeline);
    }
    timeline.entries.set(entry.version, entry);
    timeline.startMs.set(entry.version, starts.get(entry.requestId) ?? -Infinity);
  }
  for (const operation of operations) {
    const { outcome, version, endMs, kind } = operation;
    if (version === undefined || endMs === null || kind === 'list' || !isFresh(operation)) continue;
    if (outcome !== 'ok' && outcome !== 'committed') continue;
    timelines.get(operation.name)?.known.push({ endMs, operation });
  }
  return timelines;
}

function judgeForm(listing: Operation, findings: Findings): void {
  const files = listing.files ?? [];
  let previous = listing.after ?? '';
  for (const { name } of files) {
    if (!name.startsWith(listing.name)) {
      const said = `${describe(listing)} and got ${name}, which is not under the prefix`;
      findings.add('linearizable', said, listing);
    }
    if (previous !== '' && compareUtf8(name, previous) <= 0) {
      const said = `${describe(listing)} and got ${name} behind ${previous}: not in order`;
      findings.add('linearizable', said, listing);
    }
    previous = name;
  }
  if (listing.limit !== undefined && files.length > listing.limit) {
    const said = `${describe(listing)} and got ${files.length} files, over its limit`;
    findings.add('linearizable', said, listing);
  }
}

function judgeFreshness(
  listing: Operation,
  timelines: Map<string, FileTimeline>,
  findings: Findings,
): void {
  const listed = new Map((listing.files ?? []).map((file) => [file.name, file.version]));
  const isFull = listing.limit !== undefined && listed.size >= listing.limit;
  const last = isFull ? listing.files?.at(-1)?.name : undefined;
  for (const name of listed.keys()) {
    if (timelines.has(name)) continue;
    const said = `${describe(listing)} and got ${name}, which was never written`;
    findings.add('linearizable', said, listing);
  }
  for (const [name, timeline] of timelines) {
    if (!name.startsWith(listing.name) || compareUtf8(name, listing.after ?? '') <= 0) continue;
    if (last !== undefined && compareUtf8(name, last) > 0) continue;
    judgeFile(listing, name, listed.get(name), timeline, findings);
  }
}

function judgeFile(
  listing: Operation,
  name: string,
  version: number | undefined,
  timeline: FileTimeline,
  findings: Findings,
): void {
  let newest: Operation | undefined;
  for (const { endMs, operation } of timeline.known) {
    if (endMs < listing.startMs && operation.version! > (newest?.version ?? 0)) newest = operation;
  }
  const least = newest?.version ?? 0;
  const tell = (problem: string): void =>
    findings.add(
      'linearizable',
      `${describe(listing)} and ${problem}` +
        (newest === undefined ? '' : `, although ${describe(newest)}`),
      listing,
      ...(newest === undefined ? [] : [newest]),
    );
  const canBeSeen = (candidate: number): boolean =>
    candidate >= least && timeline.startMs.get(candidate)! <= (listing.endMs ?? Infinity);
  if (version === undefined) {
    if (least === 0) return;
    for (const [candidate, entry] of timeline.entries) {
      if (entry.value === null && canBeSeen(candidate)) return;
    }
    tell(`did not get ${name}, which existed throughout`);
    return;
  }
  const entry = timeline.entries.get(version);
  if (entry === undefined) tell(`got version ${version} of ${name}, which was never committed`);
  else if (entry.value === null) tell(`got version ${version} of ${name}, which is a delete`);
  else if (!canBeSeen(version)) tell(`got version ${version} of ${name}`);
}
