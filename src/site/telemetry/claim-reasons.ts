import type { ClaimRecord, Coordinator, CoordinatorDocuments } from '../../protocol/ports.js';
import type { ShardState } from '../../protocol/shard/state.js';

/** The record as it stood, and the epoch whose primary has withdrawn in favour of this site. */
type KnownClaim = Pick<ShardState['claim'], 'seen' | 'heirOfEpoch'>;

/** Remembers what each claim of this site took over from: the reason that operators are told. */
export class ClaimReasons {
  private readonly reasons = new Map<string, string>();

  /** `stateOf`: what this site knows of the shard's claim before it claims. */
  constructor(
    private readonly site: string,
    private readonly stateOf: (shard: string) => KnownClaim | undefined,
  ) {}

  /** Why this site claimed the shard last. */
  of(shard: string): string {
    return this.reasons.get(shard) ?? 'it was claimed';
  }

  /** The same coordinator, claims of this site noticed on their way. */
  watching(coordinator: Coordinator): Coordinator {
    return {
      read: (key, done) => coordinator.read(key, done),
      watch: (prefix, changed) => coordinator.watch(prefix, changed),
      swap: (key, revision, value, done) => {
        if (key.startsWith('claim/')) this.note(value as CoordinatorDocuments[`claim/${string}`]);
        coordinator.swap(key, revision, value, done);
      },
    };
  }

  private note({ shard, site, epoch, released }: ClaimRecord): void {
    const known = this.stateOf(shard);
    if (site !== this.site || released || known?.seen.value?.epoch === epoch) return;
    this.reasons.set(shard, this.reasonAfter(known));
  }

  private reasonAfter(known: KnownClaim | undefined): string {
    const before = known?.seen.value ?? null;
    if (before === null) return 'nobody had been before';
    const { site, released, successor, claimMs } = before;
    const who = site === this.site ? 'an earlier run of this site' : site;
    const isHeir = released ? successor === this.site : before.epoch === known?.heirOfEpoch;
    if (isHeir) return `${who} handed over to it`;
    if (released) return `${who} had given it up`;
    return `nothing was heard of ${who} for ${claimMs} ms`;
  }
}
