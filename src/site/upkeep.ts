import type { UpkeepStatus } from './status-types.js';
import type { BackupSource } from './backup/backup-source.js';
import type { CollectRound } from './chunk-collector.js';
import type { Verification } from './site-verifier.js';

/** How a site looks after what it keeps. */
export interface UpkeepSettings {
  /** How long a chunk that nothing refers to stays after it was last written or asked for. */
  readonly graceMs: number;
  readonly collectEveryMs: number;
  /** The pace of the scrubber by itself. */
  readonly scrubBytesPerSecond: number;
  /** Between the start, or the end of a pass, and the next one. */
  readonly scrubEveryMs: number;
}

const HOUR_MS = 3_600_000;

export const DEFAULT_UPKEEP: UpkeepSettings = {
  graceMs: 2 * HOUR_MS,
  collectEveryMs: HOUR_MS,
  scrubBytesPerSecond: 16 * 1024 * 1024,
  scrubEveryMs: 24 * HOUR_MS,
};

/** What an operator can ask of a site. */
export interface Upkeep {
  readonly backup: BackupSource;
  status(): UpkeepStatus;
  /** One round now, as fast as it goes. */
  collect(): Promise<CollectRound>;
  /** Begins a pass, or speeds up the one under way, and returns at once. */
  scrub(): void;
  verify(): Promise<Verification>;
}
