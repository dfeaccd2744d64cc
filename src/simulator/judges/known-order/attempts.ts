import type { Call } from './call.js';
import { VersionTable } from './version-table.js';

const NONE: readonly Call[] = [];

/**
 * The calls of one file by what they asked for: one request may have been tried several times. A
 * version's first committed call is found by its version and not by its request id: most calls are
 * that, and a map of texts with all of them is what would take the time.
 */
export class Attempts {
  /** The first call that was told to have committed each version. */
  private readonly committed: VersionTable<Call>;
  /** All others, by request id: one call, or the list of them. */
  private readonly others = new Map<string, Call | Call[]>();

  constructor(calls: readonly Call[]) {
    this.committed = new VersionTable(calls.length);
    for (const call of calls) {
      const { outcome, version } = call;
      if (outcome === 'committed' && version !== undefined && !this.committed.get(version)) {
        this.committed.set(version, call);
      } else if (call.kind !== 'read' && call.requestId !== '') this.addOther(call);
    }
  }

  /** Every call under the request id that can have made the version. */
  of(version: number, requestId: string): readonly Call[] {
    const others = this.under(requestId);
    const direct = this.committed.get(version);
    if (requestId === '' || direct?.requestId !== requestId) return others;
    return others.length === 0 ? [direct] : [direct, ...others];
  }

  /** Every call under the request id, except those known by a version. */
  under(requestId: string): readonly Call[] {
    const found = requestId === '' ? undefined : this.others.get(requestId);
    if (found === undefined) return NONE;
    return Array.isArray(found) ? found : [found];
  }

  private addOther(call: Call): void {
    const known = this.others.get(call.requestId);
    if (known === undefined) this.others.set(call.requestId, call);
    else if (Array.isArray(known)) known.push(call);
    else this.others.set(call.requestId, [known, call]);
  }
}
