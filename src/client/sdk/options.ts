import type { ReadMode } from '../../protocol/client/messages.js';
import type { Freshness } from './results.js';
import type { Site } from './sites.js';

/** A string of text, bytes, or a file of a browser. */
export type Content = string | Uint8Array | Blob;

export type Mode = ReadMode;

export interface ConnectOptions {
  /** Addresses of the sites, `http://host:port` or `https://…`; at least one. */
  readonly sites: readonly (string | { readonly site: string; readonly url: string })[];
  /** `<key id>.<secret>`, where the sites want one. */
  readonly key?: string | undefined;
  /** The name or address of the site to prefer. Default: the nearest, measured. */
  readonly near?: string;
  /**
   * Limits of the cache, both at once; what was not used for longest goes first. `false`: nothing is
   * kept. Default: 10,000 files and 64 MiB. Only content up to 32 KiB is kept in it.
   */
  readonly cache?: { readonly entries?: number; readonly bytes?: number } | false;
  /**
   * Until when a call is answered, retries included, in milliseconds. Default 15,000. Content beyond
   * 32 KiB is given another second for each MiB.
   */
  readonly timeoutMs?: number;
  /** How fresh reads are that do not say so themselves. Default `strong`. */
  readonly mode?: Mode;
  /** Told of each `read` that was answered, for figures: what it rested on, and how long it took. */
  readonly onRead?: (read: AnsweredRead) => void;
}

export interface AnsweredRead {
  readonly name: string;
  readonly freshness: Freshness;
  readonly tookMs: number;
}

export interface ReadOptions {
  /**
   * `strong`: as new as the newest write that had committed when the read began, from memory where a
   * lease says so. `validate`: the same, but the file's primary is asked each time. `local`: what the
   * site has, without asking anybody; served also without a quorum, and never older than what this
   * client has seen.
   */
  readonly mode?: Mode;
  readonly timeoutMs?: number;
}

export interface WriteOptions {
  /** Write only if this is the file's newest version, and it exists. */
  readonly ifVersion?: number;
  /** Write only if the file does not exist. */
  readonly ifAbsent?: boolean;
  /** 1 to 128 visible ASCII characters. Repeats under one id take effect once. Default: a new one. */
  readonly requestId?: string;
  readonly timeoutMs?: number;
}

export interface PutOptions extends WriteOptions {
  readonly contentType?: string;
  /** Visible ASCII, keys in lower case; 8 KiB at most with all keys. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What is told of an upload as it gets on. */
export interface UploadProgress {
  /** At the sites: sent now, or found there. */
  readonly sentBytes: number;
  readonly totalBytes: number;
}

export interface Stoppable {
  readonly signal?: AbortSignal | undefined;
}

export interface UploadOptions extends PutOptions, Stoppable {
  /**
   * What an earlier `upload` of this source said: it goes on where that one ended. If that was
   * completed, its version is the outcome, as a repeat under one request id has it; if it is over
   * otherwise, after a week or discarded, it begins anew.
   */
  readonly resume?: string | undefined;
  /** Told, before any part is sent, what `resume` takes; awaited. For keeping it over a restart. */
  readonly onResumable?: (resume: string) => void | Promise<void>;
  readonly onProgress?: (progress: UploadProgress) => void;
  /**
   * Tells one state of the source from another: an upload is not resumed with another. Default: the
   * source's own; at most 256 characters.
   */
  readonly fingerprint?: string | undefined;
  /** 5 MiB to 1 GiB, default 8 MiB; larger where there would be more than 10,000. */
  readonly partBytes?: number;
  /** 1 to 8, default 3: so many are under way, and in memory, at the same time. */
  readonly partsAtOnce?: number;
}

export interface UpdateOptions extends Omit<PutOptions, 'ifVersion' | 'ifAbsent' | 'requestId'> {
  /** How often it is tried before it ends as `rejected`, reason `contention`. Default 20. */
  readonly attempts?: number;
}

export interface ListOptions extends ReadOptions {
  readonly prefix?: string;
  /** Names that share what follows the prefix up to this are rolled into one. */
  readonly delimiter?: string;
  /** The `next` of an earlier page. */
  readonly cursor?: string;
  /** 1 to 1,000; default 1,000. */
  readonly limit?: number;
}

export const DEFAULT_TIMEOUT_MS = 15_000;
export const DEFAULT_UPDATE_ATTEMPTS = 20;

/** Throws TypeError for what is no list of addresses. */
export function sitesOf({ sites, near }: ConnectOptions): Site[] {
  const made = sites.map((each) => {
    const { site, url } = typeof each === 'string' ? { site: each, url: each } : each;
    // The engine's own error holds the address, and with it what stands before its @.
    if (!URL.canParse(url)) throw new TypeError('the address of a site is no URL');
    const { protocol, origin } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new TypeError(`the address of a site begins with http:// or https://, not ${protocol}`);
    }
    const name = typeof each === 'string' ? origin : site;
    return { name, url: origin, roundTripMs: Number.POSITIVE_INFINITY, avoidUntilMs: 0 };
  });
  if (made.length === 0) throw new TypeError('connect needs the address of at least one site');
  if (new Set(made.map(({ url }) => url)).size < made.length) {
    throw new TypeError('a site is given twice');
  }
  if (near !== undefined && sites.every((each) => typeof each !== 'string')) {
    const isKnown = made.some(({ name, url }) => name === near || url === near);
    if (!isKnown) throw new TypeError(`near: there is no site ${near} among those given`);
  }
  return made;
}

const NAME_LIMIT_CHARACTERS = 1100;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What cannot even be sent; the site judges the rest. */
export function isSendableName(name: string): boolean {
  return name.length <= NAME_LIMIT_CHARACTERS && name.includes('/') && !LONE_SURROGATE.test(name);
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;
const METADATA_KEY = /^[a-z0-9!#$&^_.+-]{1,256}$/;
const VISIBLE = /^[\x20-\x7e]*$/;
const METADATA_LIMIT_BYTES = 8 * 1024;

/** Throws TypeError for a mistake in how a write is asked for. */
export function checkWriteOptions(options: PutOptions): void {
  const { ifVersion, requestId, contentType = '', metadata = {} } = options;
  if (ifVersion !== undefined && !(Number.isSafeInteger(ifVersion) && ifVersion > 0)) {
    throw new TypeError('ifVersion is the number of a version: 1 or more');
  }
  if (requestId !== undefined && !REQUEST_ID.test(requestId)) {
    throw new TypeError('requestId is 1 to 128 visible ASCII characters');
  }
  let size = contentType.length;
  for (const [key, value] of Object.entries(metadata)) {
    size += key.length + value.length;
    if (METADATA_KEY.test(key) && VISIBLE.test(value)) continue;
    throw new TypeError(`metadata ${JSON.stringify(key)}: keys in lower case, visible ASCII only`);
  }
  if (!VISIBLE.test(contentType)) throw new TypeError('contentType is visible ASCII');
  if (size > METADATA_LIMIT_BYTES) throw new TypeError('metadata is longer than 8 KiB');
}
