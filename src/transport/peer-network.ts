/** `control` carries protocol messages and small calls, `bulk` carries chunks and snapshot ranges. */
export type ConnectionClass = 'control' | 'bulk';

/** Which life of a peer a message came from. */
export interface PeerIdentity {
  /** The run of the peer's process. */
  readonly run: string;
  readonly incarnation: number;
}

export type CallFailure = {
  readonly ok: false;
  /**
   * `unreachable`: there is no session, or it broke. `timeout`: the deadline passed. `refused`: too
   * many calls, here or there, or no such method. `failed`: the handler threw, or the payload or
   * the answer is over the frame limit.
   */
  readonly reason: 'unreachable' | 'timeout' | 'refused' | 'failed';
  readonly message: string;
  /** Whether the handler may have run; false is certain. */
  readonly sent: boolean;
};

export type CallResult = { readonly ok: true; readonly value: unknown } | CallFailure;

export interface CallOptions {
  /** Counted from the call, waiting for a free place included. */
  readonly deadlineMs: number;
  readonly class?: ConnectionClass;
}

/**
 * `signal` aborts when the caller gave up or its session broke. A throw is answered `failed`. Byte
 * arrays of the payload are the handler's until its promise settles, and no longer.
 */
export type CallHandler = (from: string, payload: unknown, signal: AbortSignal) => Promise<unknown>;

/** What went wrong on the wire; for logs and counters, nothing has to be done about it. */
export interface TransportEvent {
  readonly kind:
    | 'refused'
    | 'hello_timeout'
    | 'garbage'
    | 'frame_too_long'
    | 'message_too_large'
    | 'silent'
    | 'queue_overflow'
    | 'dial_failed'
    /** No secure connection, or the other end's certificate does not prove a site. */
    | 'tls_failed'
    | 'connection_lost'
    | 'too_many_connections';
  /** '' where the other end is not known. */
  readonly site: string;
  readonly class: ConnectionClass | null;
  readonly message: string;
}

export interface Traffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface LinkChange {
  /** Breaks every session over the link and refuses new ones until healed by `false`. */
  readonly cut?: boolean;
  /** Emulated round trip from now on, in milliseconds. */
  readonly rttMs?: number;
  readonly jitterMs?: number;
}

export type StartResult =
  | { readonly ok: true; readonly port: number }
  | {
      readonly ok: false;
      readonly reason: 'port_taken' | 'listen_failed';
      readonly message: string;
    };

/**
 * One site's sessions with the others. A session is one life of a pair: messages of a session come
 * in the order sent, each at most once; what was sent into a session that broke may be lost.
 * Listeners are called in the order `onUp`, messages, `onDown`, and never from within `send`.
 * Values are plain data (objects, arrays, strings, numbers, Uint8Arrays); nothing is shared with
 * the receiver. What a message means is not checked here.
 */
export interface PeerNetwork {
  readonly site: string;
  /** Begins to listen and to dial. Register listeners and handlers before. */
  start(): Promise<StartResult>;
  /** False when there is no session, or the message is over the frame limit (which is reported). */
  send(to: string, message: unknown): boolean;
  onMessage(listener: (from: string, message: unknown, peer: PeerIdentity) => void): void;
  onUp(listener: (site: string, peer: PeerIdentity) => void): void;
  onDown(listener: (site: string) => void): void;
  /** Ends within its deadline; never rejects. */
  call(to: string, method: string, payload: unknown, options: CallOptions): Promise<CallResult>;
  handle(method: string, handler: CallHandler): void;
  /** What `site` said makes no sense: breaks its session and reports why. It is made anew. */
  reject(site: string, message: string): void;
  connected(site: string): boolean;
  /** The measured round trip, smoothed; null before the first measurement and without a session. */
  roundTripMs(site: string): number | null;
  /** Bytes that went over the sessions with a site since the start of this process. */
  traffic(site: string): Traffic;
  /**
   * The other sites from now on. Sessions with new ones are made; those with sites that are left out
   * end, and their calls and connections are refused.
   */
  setPeers(sites: readonly string[]): void;
  /** Changes a link that ends at this site; another link is left as it is. */
  setLink(a: string, b: string, change: LinkChange): void;
  close(): Promise<void>;
}
