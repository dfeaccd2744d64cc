import { mayAct } from '../../protocol/shard/acting.js';
import type { Now } from '../../protocol/shard/inputs.js';
import { heldGrant } from '../../protocol/shard/leasehold.js';
import { newestReleased } from '../../protocol/shard/released.js';
import type { ShardState, Step } from '../../protocol/shard/state.js';
import type { Holding, ReleasedWrite } from '../judges/lease-exclusion.js';

/** Finds the writes that primaries have released since it looked last. */
export class ReleaseWatch {
  private readonly seen = new Map<string, { epoch: number; examinedSeq: number; held: number[] }>();

  /** Newly released writes of this epoch, at a site that is primary now. */
  look(site: string, shard: string, state: ShardState): ReleasedWrite[] {
    const { role } = state;
    if (role.kind !== 'primary') return [];
    const key = `${site}/${shard}`;
    const known = this.seen.get(key);
    const isSame = known?.epoch === role.epoch;
    if (isSame && known.examinedSeq === role.examinedSeq && known.held.length === role.held.size) {
      return [];
    }
    const from = isSame ? known.examinedSeq : role.noopSeq;
    const { epoch, examinedSeq } = role;
    const seqs = isSame ? known.held.filter((seq) => !role.held.has(seq)) : [];
    for (let seq = from + 1; seq <= examinedSeq; seq += 1) if (!role.held.has(seq)) seqs.push(seq);
    this.seen.set(key, { epoch, examinedSeq, held: [...role.held.keys()] });
    const writes: ReleasedWrite[] = [];
    for (const name of state.log.writes.keys()) {
      const entry = newestReleased(state, role, name);
      if (entry === undefined || !seqs.includes(entry.seq)) continue;
      writes.push({ shard, primary: site, name, epoch: entry.epoch, seq: entry.seq });
    }
    return writes;
  }
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
