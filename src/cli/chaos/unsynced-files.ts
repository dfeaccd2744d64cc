import { statSync, truncateSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';

interface Unsynced {
  /** Bytes below this are on the disk. */
  syncedBytes: number;
  /** Where the lowest write since the last sync began stood. */
  lowestBytes: number;
  /** Counts writes, so that a sync settles only what was written before it. */
  wrote: number;
}

/** The moment at which a sync began, and how long the file was. */
export interface SyncMark {
  readonly moment: number;
  readonly bytes: number;
}

/**
 * What a power cut would take: bytes of files written since their last sync, and names made since
 * the last sync of their folder. Files here are only ever added to at their end, so one length per
 * file says what is saved. A name that was removed does not come back.
 */
export class UnsyncedFiles {
  private readonly files = new Map<string, Unsynced>();
  /** Names by folder, with the moment each was made. */
  private readonly names = new Map<string, Map<string, number>>();
  private moment = 0;

  /** A write is about to begin at a position; at the end of the file when not given. */
  wrote(path: string, position?: number): void {
    this.moment += 1;
    const from = position ?? sizeOf(path);
    const found = this.files.get(path);
    if (found === undefined) {
      this.files.set(path, { syncedBytes: from, lowestBytes: from, wrote: this.moment });
      return;
    }
    found.wrote = this.moment;
    found.lowestBytes = Math.min(found.lowestBytes, from);
    found.syncedBytes = Math.min(found.syncedBytes, from);
  }

  made(path: string): void {
    this.moment += 1;
    const folder = dirname(path);
    const names = this.names.get(folder) ?? new Map<string, number>();
    names.set(path, this.moment);
    this.names.set(folder, names);
  }

  /** The file's bytes are as safe as they were; its new name is not. */
  renamed(from: string, to: string): void {
    const bytes = this.files.get(from);
    this.files.delete(from);
    if (bytes !== undefined) this.files.set(to, bytes);
    this.names.get(dirname(from))?.delete(from);
    this.made(to);
  }

  /** What a sync that begins now will have saved. */
  mark(path: string): SyncMark {
    const found = this.files.get(path);
    if (found !== undefined) found.lowestBytes = Infinity;
    return { moment: this.moment, bytes: sizeOf(path) };
  }

  fileSynced(path: string, { moment, bytes }: SyncMark): void {
    const found = this.files.get(path);
    if (found === undefined) return;
    if (found.wrote <= moment) this.files.delete(path);
    else found.syncedBytes = Math.max(found.syncedBytes, Math.min(bytes, found.lowestBytes));
  }

  folderSynced(folder: string, { moment: upTo }: SyncMark): void {
    const names = this.names.get(folder);
    if (names === undefined) return;
    for (const [path, moment] of names) if (moment <= upTo) names.delete(path);
    if (names.size === 0) this.names.delete(folder);
  }

  /** What a failed sync was to save is gone, as it is where the system drops pages it cannot write. */
  lose(path: string): void {
    const found = this.files.get(path);
    if (found !== undefined) cutTo(path, found.syncedBytes);
  }

  loseAll(): void {
    for (const [path, { syncedBytes }] of this.files) {
      // Some of it may have reached the disk before: half, as a rule that needs no chance.
      const sizeBytes = sizeOf(path);
      const keptBytes = sizeBytes <= syncedBytes ? 0 : Math.floor((sizeBytes - syncedBytes) / 2);
      cutTo(path, syncedBytes + (this.moment % 2 === 0 ? keptBytes : 0));
    }
    for (const names of this.names.values()) {
      for (const path of names.keys()) {
        try {
          unlinkSync(path);
        } catch {
          // It was renamed or removed since.
        }
      }
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

function cutTo(path: string, bytes: number): void {
  try {
    if (sizeOf(path) > bytes) truncateSync(path, bytes);
  } catch {
    // The file is gone: so is what was not synced.
  }
}
