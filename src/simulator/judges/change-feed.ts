import type { Change } from '../../protocol/client/messages.js';
import { comparePositions } from '../../protocol/log-entry.js';
import type { Finding } from './finding.js';

/**
 * I18 for those who follow a change feed: of every file they are told each version once, in order,
 * none left out, whatever became of sessions, sites and primaries in between.
 */
export class FeedJudge {
  private readonly last = new Map<string, Change>();
  count = 0;

  constructor(private readonly client: string) {}

  /** The next change that was told; null where it is the one that had to come. */
  take(change: Change): Finding | null {
    const { name, version } = change;
    const before = this.last.get(name);
    this.last.set(name, change);
    this.count += 1;
    if (before === undefined) return null;
    if (version === before.version + 1 && comparePositions(change, before) > 0) return null;
    return {
      invariant: 'I18',
      message:
        `${this.client} was told version ${version} of ${name} at ${change.epoch}/${change.seq} ` +
        `after version ${before.version} at ${before.epoch}/${before.seq}`,
      operations: [],
    };
  }

  /** Whether every file that was ever told of was told to its end. */
  isComplete(newestVersion: (name: string) => number): boolean {
    for (const [name, { version }] of this.last) if (newestVersion(name) !== version) return false;
    return true;
  }
}
