import type { ClaimRecord, Coordinator, CoordinatorDocuments } from '../../protocol/ports.js';

/** Remembers what each claim of this site took over from: the reason that operators are told. */
export class ClaimReasons {
  private readonly reasons = new Map<string, string>();

  /** `seen`: the record of the shard's claim as it stood before. */
  constructor(
    private readonly site: string,
    private readonly seen: (shard: string) => ClaimRecord | null,
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
    const before = this.seen(shard);
    if (site !== this.site || released || before?.epoch === epoch) return;
    this.reasons.set(shard, this.reasonAfter(before));
  }

  private reasonAfter(before: ClaimRecord | null): string {
    if (before === null) return 'nobody had been before';
    const { site, released, successor, claimMs } = before;
    const who = site === this.site ? 'an earlier run of this site' : site;
    if (released && successor === this.site) return `${who} handed over to it`;
    if (released) return `${who} had given it up`;
    return `nothing was heard of ${who} for ${claimMs} ms`;
  }
}
