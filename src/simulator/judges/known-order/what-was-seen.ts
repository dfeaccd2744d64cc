import { type Findings, conditionHolds, describe, valueText } from '../finding.js';
import type { Call } from './call.js';
import type { VersionChain } from './version-chain.js';

/** I1, I7: what was seen must have been written, with that content, and not after it was seen. */
export function judgeContent(call: Call, chain: VersionChain, findings: Findings): void {
  const { operation, version, value, outcome, endMs } = call;
  if (version === undefined || (outcome !== 'ok' && !call.isConflict)) return;
  if (version === 0) {
    if (value !== undefined && value !== null) {
      findings.add('I1', `${describe(operation)}: content without a version`, operation);
    }
    return;
  }
  const known = chain.at(version) ?? chain.adoptUnknown(call, version);
  if (known === undefined) {
    const said = `${describe(operation)}, but nobody ever committed version ${version} of it`;
    findings.add('I7', said, operation);
    return;
  }
  const isOther = value !== undefined && known.value !== undefined && value !== known.value;
  const isEarly = endMs < known.startMs;
  if (!isOther && !isEarly) return;
  const involved = known.writer === undefined ? [operation] : [operation, known.writer.operation];
  if (isOther) {
    const holds = `version ${version} holds ${valueText(known.value)}`;
    findings.add('I1', `${describe(operation)}, but ${holds}`, ...involved);
  }
  if (isEarly) {
    findings.add(
      'I7',
      `${describe(operation)}, before the write of version ${version} had begun ` +
        `at ${known.startMs.toFixed(1)} ms`,
      ...involved,
    );
  }
}

/** A condition held where a write committed, and did not where one was rejected for it. */
export function judgeCondition(call: Call, chain: VersionChain, findings: Findings): void {
  if (call.condition === undefined || call.version === undefined) return;
  if (call.outcome === 'committed') judgeFulfilled(call, chain, findings);
  else if (call.isConflict) judgeConflict(call, chain, findings);
}

function judgeFulfilled(call: Call, chain: VersionChain, findings: Findings): void {
  const { operation, version = 0, condition = {} } = call;
  const isRetry = chain.at(version)?.writer !== call && call.requestId !== '';
  const before = chain.before(version);
  if (isRetry || before?.value === undefined) return;
  if (conditionHolds(condition, before.version, before.value)) return;
  findings.add(
    'linearizable',
    `${describe(operation)} on condition ${JSON.stringify(condition)}, which did not hold: ` +
      `before it stood version ${before.version} with ${valueText(before.value)}`,
    operation,
  );
}

function judgeConflict(call: Call, chain: VersionChain, findings: Findings): void {
  const { operation, version = 0, condition = {} } = call;
  const judged = version === 0 ? { value: null } : chain.at(version);
  if (judged?.value === undefined || !conditionHolds(condition, version, judged.value)) return;
  findings.add(
    'linearizable',
    `${describe(operation)} and was rejected, but its condition ` +
      `${JSON.stringify(condition)} holds for version ${version}`,
    operation,
  );
}
