import { type Findings, describe } from '../finding.js';
import { ascendingOrder } from './ascending-order.js';
import type { Call } from './call.js';
import type { Version, VersionChain } from './version-chain.js';

/**
 * I18: whoever starts after another has finished is nowhere before it in the order of versions.
 * Sweeps starts and ends in time. An unknown write stands at the version it turned out to have made.
 */
export function judgeRealTime(
  calls: readonly Call[],
  chain: VersionChain,
  findings: Findings,
): void {
  const effects = effectsOfUnknown(chain);
  const bound = calls.filter((call) => isBound(call, effects));
  const ends = ascendingOrder(
    bound.map(({ version, endMs }) => (version === undefined ? Infinity : endMs)),
  );
  let next = 0;
  let newest: Call | undefined;
  for (const index of ascendingOrder(bound.map(({ startMs }) => startMs))) {
    const call = bound[index]!;
    for (; next < ends.length; next += 1) {
      const ended = bound[ends[next]!]!;
      if (ended.version === undefined || ended.endMs >= call.startMs) break;
      if (ended.version > (newest?.version ?? -1)) newest = ended;
    }
    const version = call.version ?? effects.get(call)?.version;
    if (newest?.version === undefined || version === undefined) continue;
    if (version <= newest.version) judgeAgainst(call, version, newest, chain, findings);
  }
}

/** The versions that unknown writes turned out to have made, known by their request ids. */
function effectsOfUnknown(chain: VersionChain): ReadonlyMap<Call, Version> {
  const effects = new Map<Call, Version>();
  for (const version of chain.versions()) {
    if (version.first?.outcome === 'unknown') effects.set(version.first, version);
  }
  return effects;
}

function isBound(call: Call, effects: ReadonlyMap<Call, Version>): boolean {
  const { outcome } = call;
  if (!call.isFresh) return false;
  if (outcome === 'ok' || outcome === 'committed' || call.isConflict) return true;
  return outcome === 'unknown' && effects.has(call);
}

/** The call stands at `version`, and `newest`, which is not below that, had ended before it. */
function judgeAgainst(
  call: Call,
  version: number,
  newest: Call,
  chain: VersionChain,
  findings: Findings,
): void {
  const isRead = call.kind === 'read' || call.isConflict;
  // The first attempt of a retried request is the one that took effect; its time is judged there.
  const isWriter = !isRead && chain.at(version)?.first === call;
  if (!isRead && !isWriter) return;
  if (isRead && version === newest.version) return;
  findings.add(
    'I18',
    `${describe(call.operation)} and ${isWriter ? 'got' : 'saw'} version ${version}, although ` +
      `${describe(newest.operation)}, which had ended before`,
    newest.operation,
    call.operation,
  );
}
