import type { Findings } from '../finding.js';
import type { Version, VersionChain } from './version-chain.js';

/** I17: positions grow along with versions, as long as one shard owned the file. */
export function judgePositions(chain: VersionChain, findings: Findings): void {
  let previous: Version | undefined;
  for (const next of chain.versions()) {
    if (previous !== undefined && !isBehind(next, previous)) {
      findings.add(
        'I17',
        `${chain.name}: version ${next.version} stands at (${next.epoch}, ${next.seq}), not ` +
          `behind version ${previous.version} at (${previous.epoch}, ${previous.seq})`,
        ...[previous.writer, next.writer].flatMap((call) => call?.operation ?? []),
      );
    }
    previous = next;
  }
}

/** True also where the history does not tell. */
function isBehind(next: Version, previous: Version): boolean {
  if (previous.epoch === undefined || next.epoch === undefined) return true;
  if (previous.shard !== next.shard || next.epoch > previous.epoch) return true;
  return next.epoch === previous.epoch && (next.seq ?? 0) > (previous.seq ?? 0);
}
