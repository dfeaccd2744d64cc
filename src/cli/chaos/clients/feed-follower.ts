import type { QuorateClient } from '../../../client/sdk/node.js';
import type { Finding } from '../../../simulator/judges/finding.js';
import { FeedJudge } from '../../../simulator/judges/change-feed.js';

const FINDINGS_LIMIT = 20;

/** Follows a client's change feed, and judges that each file's versions come once, in order. */
export class FeedFollower {
  readonly findings: Finding[] = [];

  constructor(
    private readonly who: string,
    private readonly client: QuorateClient,
    private readonly count: (what: string) => void,
  ) {}

  /** Ends with the client. */
  async follow(prefix: string): Promise<void> {
    for (;;) {
      // A feed that begins anew may have missed what came in between.
      const judge = new FeedJudge(this.who);
      for await (const result of this.client.watch(prefix)) {
        if (result.outcome === 'ended') {
          if (result.reason === 'closed') return;
          this.count('feeds begun anew');
          break;
        }
        for (const { modified, ...change } of result.changes) {
          this.count('changes told');
          // A feed says no positions: of one file, versions are in the order of the log.
          const placed = { ...change, epoch: 0, seq: change.version, modifiedMs: +modified };
          const finding = judge.take(placed);
          if (finding !== null && this.findings.length < FINDINGS_LIMIT)
            this.findings.push(finding);
        }
      }
    }
  }
}
