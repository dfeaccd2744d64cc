import { comparePositions, type Position } from '../log-entry.js';
import type { ClaimRecord, HardState, OpenedLog, SiteRecord } from '../ports.js';

/*
 * What a site that starts has to find out about itself before it says anything: whether this is the
 * disk it stopped with. A disk that is new, older than what the coordinator remembers (a restored
 * image), or damaged may have forgotten what was acknowledged on it, so it comes back as a new
 * incarnation that has no say until it is filled up.
 */

export interface StartDecision {
  /** To be on disk, after the shards' states and before the coordinator hears of it. */
  readonly record: SiteRecord;
  /** † Every shard here begins as one that has forgotten. */
  readonly lost: boolean;
}

export function decideStart(
  site: string,
  onDisk: SiteRecord | null,
  atCoordinator: SiteRecord | null,
  damaged: boolean,
): StartDecision {
  const starts = Math.max(onDisk?.starts ?? 0, atCoordinator?.starts ?? 0) + 1;
  if (atCoordinator === null) {
    // Never seen: nothing was ever acknowledged by this site, unless its own disk says otherwise.
    const incarnation = (onDisk?.incarnation ?? 1) + (damaged ? 1 : 0);
    return { record: { site, incarnation, starts }, lost: damaged };
  }
  const behind =
    onDisk === null ||
    onDisk.starts < atCoordinator.starts ||
    onDisk.incarnation < atCoordinator.incarnation;
  const lost = behind || damaged;
  const latest = Math.max(onDisk?.incarnation ?? 0, atCoordinator.incarnation);
  return { record: { site, incarnation: lost ? latest + 1 : latest, starts }, lost };
}

export interface ShardStartPlan {
  readonly hardState: HardState;
  /** The log has to start anew behind this position before it can be written; null if it need not. */
  readonly resetTo: Position | null;
  /** The hard state differs from what is on disk and has to be written first. */
  readonly mustWrite: boolean;
}

/**
 * How one shard begins. † A replica that forgot promises at least the epoch that the coordinator
 * names, so it can join only the primary of that epoch or a later one.
 */
export function planShardStart(
  opened: OpenedLog,
  viewPosition: Position,
  claim: ClaimRecord | null,
  lost: boolean,
): ShardStartPlan {
  const { hardState: found, base, entries } = opened;
  const end: Position = entries.at(-1) ?? base;
  // A view that does not reach up to the log's beginning cannot be rolled forward from it.
  const installing = found.installing || comparePositions(viewPosition, base) < 0;
  let hardState: HardState = { ...found, installing };
  if (lost) {
    const claimed = claim !== null && claim.epoch > found.promisedEpoch;
    hardState = {
      promisedEpoch: claimed ? claim.epoch : found.promisedEpoch,
      promisedRun: claimed ? claim.run : found.promisedRun,
      joined: false,
      installing,
      ...(found.configuration && { configuration: found.configuration }),
    };
  }
  const resetTo = end.seq < viewPosition.seq ? viewPosition : null;
  const mustWrite = lost || installing !== found.installing;
  return { hardState, resetTo, mustWrite };
}
