import type { ClusterStatus } from './status-types.js';
import type { Content } from '../protocol/file-version.js';
import type { LostContent } from '../protocol/lost-content.js';
import type { SiteNode } from '../protocol/node/site-node.js';
import type { ByteRange } from './file-service.js';
import type { Seal } from './seal.js';
import type { SiteChangeDesk } from './site-change-desk.js';
import type { Upkeep } from './upkeep.js';
import type { SiteConfig } from './site-config.js';
import type { WriteSpans } from './telemetry/spans/write-spans.js';
import type { SessionWatch } from './telemetry/session-watch.js';

/** Digests that a body may be given beside its etag, over all its bytes in the same pass. */
export const DIGEST_NAMES = ['md5', 'sha1', 'sha256', 'crc32', 'crc32c', 'crc64nvme'] as const;
export type DigestName = (typeof DIGEST_NAMES)[number];
/** Lower-case hex, exactly those that were asked for. */
export type Digests = Readonly<Partial<Record<DigestName, string>>>;

export type UploadResult =
  | { readonly ok: true; readonly content: Content; readonly digests: Digests }
  | {
      readonly ok: false;
      readonly reason: 'body_incomplete' | 'too_large' | 'storage_failed';
      readonly message: string;
    };

/** Bytes in and out of this site, whatever form they are kept in. */
export interface ContentAccess {
  /**
   * Reads the body to its end. The content is durable here when this resolves, unless it is small
   * enough to travel in the log entry; other sites have been sent what they lack as far as they
   * could be reached. `announcedSize` in bytes; a body of another length is `body_incomplete`.
   * Nothing names the content yet: it is kept for a while, until a version does. `positionBytes`:
   * about where in a larger content these bytes will lie, when they are a part of one; chunks are
   * larger further in.
   */
  upload(
    body: AsyncIterable<Uint8Array>,
    announcedSize?: number,
    digests?: readonly DigestName[],
    positionBytes?: number,
  ): Promise<UploadResult>;
  /**
   * The contents in a row as one. What is in chunks stays where it is; the etag is the BLAKE3 hash
   * of the etags in a row, unless all of it fits into a log entry.
   */
  join(contents: readonly Content[]): Promise<UploadResult>;
  /** With its bytes in memory if it is small. Throws ContentLost, as `read`. */
  whole(content: Content): Promise<Content>;
  /** Brings small content back that cannot be read here; whether it can now. */
  bring(lost: LostContent): Promise<boolean>;
  /** The bytes, or those of the range, verified. Throws ContentLost; fetches what is missing. */
  read(content: Content, range?: ByteRange): AsyncIterable<Uint8Array>;
}

/** What the file service of a site stands on. */
export interface SiteContext {
  readonly config: SiteConfig;
  readonly node: SiteNode;
  readonly content: ContentAccess;
  status(): ClusterStatus;
  readonly upkeep: Upkeep | null;
  readonly siteChanges?: SiteChangeDesk;
  /** Never the same again, at any site. */
  newRequestId(): string;
  /** How long a request of a client may take, in milliseconds. */
  readonly timeoutMs: number;
  /** What seals the secrets of access keys; null: there can be none. */
  readonly seal: Seal | null;
  /** Follows the writes of recorded requests. */
  readonly writeSpans?: WriteSpans;
  /** Sees what goes over clients' sessions. */
  readonly sessions?: SessionWatch;
}
