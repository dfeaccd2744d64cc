import { nameOf } from '../../protocol/log-entry.js';
import { mayAct } from '../../protocol/shard/acting.js';
import type { Now } from '../../protocol/shard/inputs.js';
import { heldGrant } from '../../protocol/shard/leasehold.js';
import { entryAt } from '../../protocol/shard/log-tail.js';
import { newestReleased } from '../../protocol/shard/released.js';
import type { PrimaryRole, ShardState, Step } from '../../protocol/shard/state.js';
import type { Holding, ReleasedWrite } from '../judges/lease-exclusion.js';

interface Seen {
  examinedSeq: number;
  held: number[];
}

const NONE: readonly ReleasedWrite[] = [];

/** Finds the writes that primaries have released since it looked last. Asked after every event. */
export class ReleaseWatch {
  private readonly seen = new WeakMap<PrimaryRole, Seen>();

  /** Whether a site that is primary now has released something since the last look. */
  isNews({ role }: ShardState): boolean {
    if (role.kind !== 'primary') return false;
    const known = this.seen.get(role);
    return known?.examinedSeq !== role.examinedSeq || known.held.length !== role.held.size;
  }

  /** Newly released writes of this epoch, at a site that is primary now. */
  look(site: string, shard: string, state: ShardState): readonly ReleasedWrite[] {
    const { role } = state;
    if (role.kind !== 'primary') return NONE;
    const known = this.seen.get(role);
    const { examinedSeq, held } = role;
    const seqs = new Set(known?.held.filter((seq) => !held.has(seq)));
    for (let seq = (known?.examinedSeq ?? role.noopSeq) + 1; seq <= examinedSeq; seq += 1) {
      if (!held.has(seq)) seqs.add(seq);
    }
    this.seen.set(role, { examinedSeq, held: [...held.keys()] });
    if (seqs.size === 0) return NONE;
    return [...seqs].flatMap((seq) => releasedAt(site, shard, state, role, seq) ?? []);
  }
}

/** The write at this seq, if it is the newest of its file that is released. */
function releasedAt(
  site: string,
  shard: string,
  state: ShardState,
  role: PrimaryRole,
  seq: number,
): ReleasedWrite | undefined {
  const entry = entryAt(state.log, seq);
  const name = entry === undefined ? undefined : nameOf(entry);
  if (entry === undefined || name === undefined) return undefined;
  const newest = newestReleased(state, role, name);
  if (newest !== undefined && newest.seq > seq) return undefined;
  return { shard, primary: site, name, epoch: entry.epoch, seq };
}

/** What a site would serve of the file at this moment without asking; null if nothing. */
export function holdingOf(site: string, state: ShardState, now: Now, name: string): Holding | null {
  const { role } = state;
  if (state.leasehold.grants.size === 0 && role.kind !== 'primary') return null;
  const step: Step = { s: { ...state, clock: clockNow(state, now) }, now, out: [] };
  if (role.kind === 'primary') {
    if (role.phase === 'confirming' || !mayAct(step, role)) return null;
    return { holder: site, at: { epoch: role.epoch, seq: Infinity }, right: 'as the primary' };
  }
  const grant = heldGrant(step, name);
  if (grant === undefined) return null;
  const at = grant.version ?? { epoch: 0, seq: 0 };
  return { holder: site, at, right: `under a lease of generation ${grant.generation}` };
}

function clockNow({ clock }: ShardState, now: Now): ShardState['clock'] {
  const advance = Math.max(now.monoMs - clock.monoMs, now.wallMs - clock.wallMs, 0);
  return { ...now, holderMs: clock.holderMs + advance };
}
