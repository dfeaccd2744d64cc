import type { History } from '../history.js';
import { type Finding, Findings } from './finding.js';
import { type FileHistory, fileHistories } from './known-order/file-histories.js';
import { judgePositions } from './known-order/positions.js';
import { judgeRealTime } from './known-order/real-time.js';
import { VersionChain } from './known-order/version-chain.js';
import { judgeCondition, judgeContent } from './known-order/what-was-seen.js';

/**
 * Judges linearizability from the order that the store itself gave (I1, I2, I7, I14, I17, I18).
 * A file is a register whose history is its versions; every answer names the one it wrote, read or
 * was judged against. So it is enough that (1) a version has one content, (2) whoever starts after
 * another has finished is nowhere before it in that order, and (3) conditions were judged right.
 * An unknown outcome took effect if the commit chain has its request id, or if a read saw its
 * value. Takes time proportional to n log n; sorted input makes it linear.
 */
export function judgeKnownOrder(history: History): Finding[] {
  const findings = new Findings();
  for (const file of fileHistories(history)) {
    if (findings.isFull) break;
    judgeFile(file, findings);
  }
  return findings.list;
}

function judgeFile(file: FileHistory, findings: Findings): void {
  const chain = new VersionChain(file, findings);
  judgePositions(chain, findings);
  // Reads may tell of versions that nothing else does: all of them are heard first.
  for (const call of file.calls) judgeContent(call, chain, findings);
  for (const call of file.calls) judgeCondition(call, chain, findings);
  judgeRealTime(file.calls, chain, findings);
}
