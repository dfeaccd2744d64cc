import type { IncomingMessage, ServerResponse } from 'node:http';
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../site/client-limits.js';
import { READ_AHEAD_BYTES } from '../site/content-read.js';
import { UPLOAD_WINDOW_BYTES } from '../site/chunk-dispatch.js';
import { addressShare } from './client-address.js';

export type ShareLimits = Pick<
  ClientLimits,
  'requestsPerCaller' | 'inFlightBytes' | 'inFlightBytesPerCaller'
>;

export interface ShareRefusal {
  readonly reason: 'requests_of_caller' | 'bytes_of_caller' | 'bytes';
  readonly message: string;
}

/** Answers up to this size are bounded well enough by the number of requests. */
const SMALL_ANSWER_BYTES = 64 * 1024;

interface Share {
  requests: number;
  bytes: number;
}

/**
 * Of all that a site takes at once, so many requests and so many bytes may be of one caller: of a key,
 * or, without one, of an address. Whoever asks for more is refused before any work is done, and the
 * others are answered as before.
 */
export class CallerShares {
  private readonly shares = new Map<string, Share>();
  /** Whose a request is, and what it holds; from its entry until its answer is over. */
  private readonly entries = new WeakMap<ServerResponse, { caller: string; bytes: number }>();
  private heldBytes = 0;

  /** `refused` is told of each refusal. */
  constructor(
    readonly limits: ShareLimits = DEFAULT_CLIENT_LIMITS,
    private readonly refused: (reason: ShareRefusal['reason']) => void = () => undefined,
  ) {}

  /** Callers with something under way. */
  get callers(): number {
    return this.shares.size;
  }

  /** What all requests under way may hold. */
  get bytes(): number {
    return this.heldBytes;
  }

  /**
   * Counts a request, and the bytes that it may hold, until its answer is over; tells why it cannot
   * be taken. One whose client has left already is over: it would never end again.
   */
  enter(caller: string, response: ServerResponse, bytes = 0): ShareRefusal | null {
    if (response.closed) return null;
    const share = this.shares.get(caller) ?? { requests: 0, bytes: 0 };
    const { requestsPerCaller } = this.limits;
    if (share.requests >= requestsPerCaller) {
      const what = `${requestsPerCaller} requests of the ${caller} are under way here`;
      return this.refuse('requests_of_caller', `${what}, the most of one caller`);
    }
    const refused = this.refusedBytes(caller, share, bytes);
    if (refused !== null) return refused;
    share.requests += 1;
    share.bytes += bytes;
    this.heldBytes += bytes;
    this.shares.set(caller, share);
    this.entries.set(response, { caller, bytes });
    response.once('close', () => this.leave(response));
    return null;
  }

  /** Counts what the answer of a request that was taken may hold besides. */
  hold(response: ServerResponse, bytes: number): ShareRefusal | null {
    const entry = this.entries.get(response);
    const share = entry && this.shares.get(entry.caller);
    if (entry === undefined || share === undefined) return null;
    const refused = this.refusedBytes(entry.caller, share, bytes);
    if (refused !== null) return refused;
    entry.bytes += bytes;
    share.bytes += bytes;
    this.heldBytes += bytes;
    return null;
  }

  private refusedBytes(caller: string, share: Share, bytes: number): ShareRefusal | null {
    const { inFlightBytes, inFlightBytesPerCaller } = this.limits;
    if (bytes === 0) return null;
    if (share.bytes + bytes > inFlightBytesPerCaller) {
      const what = `requests of the ${caller} hold ${share.bytes} bytes here`;
      return this.refuse('bytes_of_caller', `${what}, and one caller ${inFlightBytesPerCaller}`);
    }
    if (this.heldBytes + bytes <= inFlightBytes) return null;
    const what = `requests hold ${this.heldBytes} bytes here`;
    return this.refuse('bytes', `${what}, and all together no more than ${inFlightBytes}`);
  }

  private refuse(reason: ShareRefusal['reason'], message: string): ShareRefusal {
    this.refused(reason);
    return { reason, message: `${message}; nothing was done` };
  }

  private leave(response: ServerResponse): void {
    const entry = this.entries.get(response);
    if (entry === undefined) return;
    this.entries.delete(response);
    this.heldBytes -= entry.bytes;
    const share = this.shares.get(entry.caller);
    if (share === undefined) return;
    share.requests -= 1;
    share.bytes -= entry.bytes;
    if (share.requests <= 0) this.shares.delete(entry.caller);
  }
}

/** As which caller a request counts. */
export function callerName(keyId: string, address: string | undefined): string {
  return keyId === '' ? `address ${addressShare(address)}` : `key ${keyId}`;
}

/** The most that the body of a request holds in memory while it is stored. */
export function heldByBody({ headers }: Pick<IncomingMessage, 'headers'>): number {
  if (headers['transfer-encoding'] !== undefined) return UPLOAD_WINDOW_BYTES;
  const length = Number(headers['content-length'] ?? 0);
  return length >= 0 ? Math.min(length, UPLOAD_WINDOW_BYTES) : 0;
}

/** Counts what an answer of so many bytes holds in memory while it is sent; or why it may not. */
export function holdAnswer(
  { callers, response }: { callers: CallerShares | null; response: ServerResponse },
  lengthBytes: number,
): ShareRefusal | null {
  if (lengthBytes <= SMALL_ANSWER_BYTES) return null;
  return callers?.hold(response, Math.min(lengthBytes, READ_AHEAD_BYTES)) ?? null;
}
