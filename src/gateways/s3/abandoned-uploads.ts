import type { ObjectService } from '../../site/object-service.js';
import {
  allUploads,
  endUpload,
  idsWithParts,
  partsPrimary,
  removeParts,
  uploadPrimary,
} from '../../site/uploads.js';

/** An upload that has not been completed for so long is ended. */
export const ABANDONED_AFTER_MS = 7 * 24 * 3_600_000;
const ROUND_MS = 3_600_000;
/** Uploads with parts that one round holds in memory; those after them are for the next round. */
const IDS_LIMIT = 100_000;

/** When rounds are due and what time it is. */
export interface UploadClock {
  wallMs(): number;
  every(periodMs: number, round: () => Promise<void>): { stop(): void };
}

/**
 * Ends uploads that nobody completes, and removes parts that belong to none: those that came while
 * their upload ended, or could not be removed then. Each site acts for what it is primary of, so as
 * a rule one does; all of it may be done twice.
 */
export class AbandonedUploads {
  /** Parts of uploads after this id are looked at next. */
  private afterId = '';

  constructor(
    private readonly service: ObjectService,
    private readonly site: string,
    private readonly wallMs: () => number,
  ) {}

  /** What cannot be read or removed now is left for the next round. */
  async round(): Promise<void> {
    // Hazard: an upload is begun and its parts come between the two listings. Parts are listed
    // first, so that an upload which is not listed after them has ended.
    const withParts = await this.ownIdsWithParts();
    if (withParts === null) return;
    const abandonedMs = this.wallMs() - ABANDONED_AFTER_MS;
    for (let after: string | null = ''; after !== null; ) {
      const page = await allUploads(this.service, after);
      if (page === null) return;
      for (const upload of page.uploads) {
        withParts.delete(upload.id);
        const isOurs = uploadPrimary(this.service, upload) === this.site;
        if (isOurs && upload.initiatedMs < abandonedMs) await this.end(upload);
      }
      after = page.next;
    }
    for (const id of withParts) await removeParts(this.service, id);
  }

  private async end(upload: Parameters<typeof endUpload>[1]): Promise<void> {
    const failure = await endUpload(this.service, upload);
    if (failure === null) await removeParts(this.service, upload.id);
  }

  private async ownIdsWithParts(): Promise<Set<string> | null> {
    const ids = new Set<string>();
    while (ids.size < IDS_LIMIT) {
      const page = await idsWithParts(this.service, this.afterId);
      if (page === null) return null;
      for (const id of page.ids) if (partsPrimary(this.service, id) === this.site) ids.add(id);
      this.afterId = page.next ?? '';
      if (page.next === null) break;
    }
    return ids;
  }
}

/** Rounds once an hour, never two at once. */
export function collectAbandonedUploads(
  service: ObjectService,
  site: string,
  clock: UploadClock,
  failed: (error: unknown) => void,
): { stop(): void } {
  const uploads = new AbandonedUploads(service, site, clock.wallMs);
  let running = false;
  return clock.every(ROUND_MS, async () => {
    if (running) return;
    running = true;
    try {
      await uploads.round();
    } catch (error) {
      failed(error);
    } finally {
      running = false;
    }
  });
}

export const REAL_UPLOAD_CLOCK: UploadClock = {
  wallMs: Date.now,
  every: (periodMs, round) => {
    const timer = setInterval(() => void round(), periodMs).unref();
    return { stop: () => clearInterval(timer) };
  },
};
