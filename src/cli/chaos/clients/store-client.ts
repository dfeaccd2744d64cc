import type { Condition } from '../../../simulator/history.js';

/** A file as a client saw it. `value` stands for its content: the hash of the bytes that came. */
export interface Seen {
  readonly version: number;
  /** Null: no file. */
  readonly value: string | null;
  /** As the interface shows it; what If-Match takes. */
  readonly etag: string;
  /** How the store knew that it is fresh. */
  readonly freshness: string;
}

export type ReadOutcome =
  | { readonly ok: true; readonly seen: Seen }
  /** `untold`: there is no file, and the interface does not say since which version. */
  | { readonly ok: false; readonly reason: string };

export type WriteOutcome =
  | {
      readonly outcome: 'committed';
      readonly version: number;
      readonly epoch?: number;
      readonly seq?: number;
    }
  | { readonly outcome: 'rejected'; readonly reason: string; readonly version?: number }
  | { readonly outcome: 'unknown'; readonly reason: string };

export type ListOutcome =
  | {
      readonly ok: true;
      readonly files: readonly { readonly name: string; readonly version: number }[];
      readonly isWhole: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/** What a write rests on: what was seen, or that there was nothing. */
export type Basis = Seen | 'absent';

export type ReadMode = 'strong' | 'validate' | 'local';

export interface WriteRequest {
  readonly name: string;
  readonly requestId: string;
  readonly basis?: Basis;
}

/** One client of one interface, at one site. Never rejects: what fails is an outcome. */
export interface StoreClient {
  /** `native`, `sdk` or `s3`. */
  readonly kind: string;
  readonly site: string;
  /** Repeats of a request under its id take effect once. */
  readonly canRepeat: boolean;
  readonly modes: readonly ReadMode[];
  read(name: string, mode: ReadMode): Promise<ReadOutcome>;
  write(request: WriteRequest, bytes: Uint8Array): Promise<WriteOutcome>;
  remove(request: WriteRequest): Promise<WriteOutcome>;
  /** Null where the interface does not tell versions. */
  list: ((bucket: string, prefix: string) => Promise<ListOutcome>) | null;
  /** The condition that a basis becomes, in the words of a history. */
  conditionOf(basis: Basis): Condition;
  close(): void;
}

/** For interfaces that take versions. */
export function versionCondition(basis: Basis): Condition {
  if (basis === 'absent' || basis.value === null) return { ifAbsent: true };
  return { ifVersion: basis.version, ifValue: basis.value };
}
