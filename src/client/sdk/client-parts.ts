import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../../protocol/client/client-state.js';
import { authorizationOf } from '../access-key.js';
import { Listeners } from './events.js';
import { Http } from './http.js';
import { HttpFiles, type IdentifiedWrite } from './http-files.js';
import { KeptResults } from './kept-results.js';
import { Link, type LinkPorts } from './link.js';
import { Machine } from './machine.js';
import { Newest } from './newest.js';
import {
  type ConnectOptions,
  DEFAULT_TIMEOUT_MS,
  type Mode,
  type Stoppable,
  type WriteOptions,
} from './options.js';
import { Pauses } from './pauses.js';
import type { Platform } from './platform.js';
import { Requests } from './requests.js';
import { SeenVersions } from './seen-versions.js';
import type { Sites } from './sites.js';
import { Uploads } from './uploads.js';
import { Writes } from './writes.js';

const BYTES_PER_SECOND = 1024 * 1024;

/** The parts of a client, wired to each other. */
export class ClientParts {
  readonly mode: Mode;
  readonly onRead: ConnectOptions['onRead'];
  readonly listeners = new Listeners();
  readonly pauses: Pauses;
  readonly machine: Machine;
  readonly link: Link;
  readonly kept: KeptResults;
  readonly newest: Newest;
  readonly files: HttpFiles;
  readonly writes: Writes;
  readonly uploads: Uploads;
  private readonly http: Http;
  /** Of a call that does not say. */
  readonly timeoutMs: number;
  private readonly runId: string;
  private requests = 0;

  constructor(
    private readonly platform: Platform,
    sites: Sites,
    options: ConnectOptions,
  ) {
    this.mode = options.mode ?? 'strong';
    this.onRead = options.onRead;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.runId = platform.randomId();
    this.pauses = new Pauses(platform);
    this.machine = new Machine(platform, configOf(options), {
      send: (message) => this.link.send(message),
      invalidated: (name) => this.listeners.tell('invalidated', name),
    });
    this.link = this.makeLink(sites, options.key);
    const requests = new Requests(this.machine, this.link, this.pauses);
    const seen = new SeenVersions();
    this.http = new Http(
      platform,
      () => this.order(sites),
      this.pauses,
      authorizationOf(options.key),
    );
    this.files = new HttpFiles(this.http);
    this.kept = new KeptResults(platform, this.machine);
    this.newest = new Newest(this.machine, requests, seen);
    this.writes = new Writes(requests, this.files, seen, this);
    this.uploads = new Uploads(this.http, this.writes, this, platform);
  }

  /** Until when a call is answered that begins now, on the monotonic clock. */
  untilMs(timeoutMs = this.timeoutMs): number {
    return this.platform.monoMs() + timeoutMs;
  }

  /** What content of this size is given beyond the time of a call without. */
  transferMs(size: number): number {
    return (size / BYTES_PER_SECOND) * 1000;
  }

  identify(
    { requestId, timeoutMs, signal }: WriteOptions & Stoppable,
    size: number,
  ): IdentifiedWrite {
    this.requests += 1;
    return {
      requestId: requestId ?? `${this.runId}-${this.requests.toString(36)}`,
      since: this.machine.state.position,
      untilMs: this.untilMs(timeoutMs) + this.transferMs(size),
      signal,
    };
  }

  close(): void {
    if (this.pauses.ended) return;
    this.pauses.end();
    this.link.close();
    this.machine.take({ kind: 'closed' });
    this.machine.giveUpAll();
    this.http.end();
    this.listeners.tell('site', null);
  }

  private makeLink(sites: Sites, key: string | undefined): Link {
    const ports: LinkPorts = {
      heard: (message) => this.machine.take({ kind: 'message', message }),
      closed: () => this.machine.take({ kind: 'closed' }),
      moved: (site) => this.listeners.tell('site', site?.name ?? null),
      isBusy: () => this.machine.state.requests.size > 0,
      signOfLife: () => {
        const { holderMs: sentMs } = this.machine.state.clock;
        return { kind: 'renew', sentMs, shards: [] };
      },
      refused: () => this.listeners.tell('refused'),
    };
    return new Link(this.platform, sites, ports, key);
  }

  /** The site of the session first: what it has not, it fetches. */
  private order(sites: Sites): ReturnType<Sites['ranked']> {
    const { site } = this.link;
    const ranked = sites.ranked();
    return site === null ? ranked : [site, ...ranked.filter((other) => other !== site)];
  }
}

const UNBOUNDED_BYTES = Number.MAX_SAFE_INTEGER;

function configOf({ cache }: ConnectOptions): ClientConfig {
  const { entries, bytes } = DEFAULT_CLIENT_CONFIG.cache;
  const limits =
    cache === false
      ? { entries: 0, bytes: UNBOUNDED_BYTES } // so that sites are told at once what is not kept
      : { entries: cache?.entries ?? entries, bytes: cache?.bytes ?? bytes };
  return { ...DEFAULT_CLIENT_CONFIG, cache: limits };
}
