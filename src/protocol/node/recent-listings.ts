/** Buckets remembered; the one that was listed longest ago goes first. */
const BUCKET_LIMIT = 256;

/**
 * Which buckets were listed here lately. One that is listed for the first time is not worth a lease:
 * the next write of any of its files would have to wait for this site.
 */
export class RecentListings {
  private readonly lastMs = new Map<string, number>();

  constructor(private readonly keepMs: number) {}

  /** Notes a listing; true if there was one within the time before. */
  isAgain(catalogue: string, nowMs: number): boolean {
    const lastMs = this.lastMs.get(catalogue);
    this.lastMs.delete(catalogue);
    this.lastMs.set(catalogue, nowMs);
    if (this.lastMs.size > BUCKET_LIMIT) {
      for (const oldest of this.lastMs.keys()) {
        this.lastMs.delete(oldest);
        break;
      }
    }
    return lastMs !== undefined && nowMs - lastMs <= this.keepMs;
  }
}
