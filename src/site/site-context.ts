import type { Content } from '../protocol/file-version.js';
import type { SiteNode } from '../protocol/node/site-node.js';
import type { ByteRange, ClusterStatus } from './file-service.js';
import type { SiteConfig } from './site-config.js';

export type UploadResult =
  | { readonly ok: true; readonly content: Content }
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
   */
  upload(body: AsyncIterable<Uint8Array>, announcedSize?: number): Promise<UploadResult>;
  /** The bytes, or those of the range, verified. Throws ContentLost; fetches what is missing. */
  read(content: Content, range?: ByteRange): AsyncIterable<Uint8Array>;
}

/** What the file service of a site stands on. */
export interface SiteContext {
  readonly config: SiteConfig;
  readonly node: SiteNode;
  readonly content: ContentAccess;
  status(): ClusterStatus;
  /** Never the same again, at any site. */
  newRequestId(): string;
  /** How long a request of a client may take, in milliseconds. */
  readonly timeoutMs: number;
}
