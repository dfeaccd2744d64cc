import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { SecretSource } from './etcd-secrets.js';
import { GrpcFrames, grpcFrame } from './grpc-frames.js';

export type CallResult =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | {
      readonly ok: false;
      /** False when the member cannot have seen the call. */
      readonly sent: boolean;
      /** gRPC's number of the failure; null where no answer came. */
      readonly code: number | null;
      readonly message: string;
    };

type Failure = Extract<CallResult, { ok: false }>;

/**
 * One member of etcd over HTTP/2, as gRPC has it. Connects when it is first needed and again after
 * a loss; every call ends within its limit.
 */
export class MemberConnection {
  private session: Promise<ClientHttp2Session | string> | null = null;
  private opened: ClientHttp2Session | null = null;
  private closed = false;

  constructor(
    readonly endpoint: string,
    private readonly secrets: SecretSource,
  ) {}

  /** One question, one answer. */
  async call(method: string, request: Uint8Array, limitMs: number): Promise<CallResult> {
    const untilMs = performance.now() + limitMs;
    const timeout = { 'grpc-timeout': `${Math.ceil(limitMs)}m` };
    const stream = await this.open(method, request, limitMs, timeout);
    if ('ok' in stream) return stream;
    return await new Promise((resolve) => {
      let answer: Uint8Array | null = null;
      const timer = setTimeout(
        () => {
          resolve(failure(true, null, `no answer within ${Math.round(limitMs)} ms`));
          stream.close(constants.NGHTTP2_CANCEL);
        },
        Math.max(0, untilMs - performance.now()),
      );
      const take = (bytes: Uint8Array): boolean => {
        const isFirst = answer === null;
        answer = bytes;
        return isFirst;
      };
      listen(stream, take, ({ code, message }) => {
        clearTimeout(timer);
        if (code === 0 && answer !== null) return resolve({ ok: true, bytes: answer });
        resolve(failure(true, code, message));
      });
    });
  }

  /**
   * One question, any number of answers, until `ended` is told why there are no more. `take` says
   * whether to go on; it is called no more after `cancel`.
   */
  stream(
    method: string,
    request: Uint8Array,
    connectLimitMs: number,
    take: (bytes: Uint8Array) => boolean,
    ended: (why: string) => void,
  ): { cancel(): void } {
    let stream: ClientHttp2Stream | null = null;
    let cancelled = false;
    const more = { hasleader: 'true' };
    void this.open(method, request, connectLimitMs, more, false).then((opened) => {
      if (cancelled) return void ('ok' in opened || opened.close(constants.NGHTTP2_CANCEL));
      if ('ok' in opened) return ended(opened.message);
      stream = opened;
      listen(
        opened,
        (bytes) => !cancelled && take(bytes),
        ({ message }) => cancelled || ended(message),
      );
    });
    return {
      cancel: () => {
        cancelled = true;
        stream?.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  /** Ends the connection with all that goes over it; the next call makes another. */
  drop(): void {
    const { opened } = this;
    this.session = null;
    this.opened = null;
    opened?.destroy();
  }

  close(): void {
    this.closed = true;
    this.drop();
  }

  private async open(
    method: string,
    request: Uint8Array,
    limitMs: number,
    more: Record<string, string>,
    ends = true,
  ): Promise<ClientHttp2Stream | Failure> {
    const session = await this.connected(limitMs);
    if (typeof session === 'string') return failure(false, null, session);
    try {
      const stream = session.request(
        {
          [constants.HTTP2_HEADER_METHOD]: 'POST',
          [constants.HTTP2_HEADER_PATH]: method,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...more,
        },
        { endStream: false },
      );
      if (ends) stream.end(grpcFrame(request));
      else stream.write(grpcFrame(request));
      return stream;
    } catch (error) {
      this.drop();
      return failure(false, null, String(error));
    }
  }

  /** The session once it stands, or why there is none. */
  private async connected(limitMs: number): Promise<ClientHttp2Session | string> {
    if (this.closed) return 'closed';
    if (this.session !== null && this.opened?.closed === true) this.drop();
    this.session ??= this.connect();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no connection within ${Math.round(limitMs)} ms`), limitMs);
    });
    const { session } = this;
    const result = await Promise.race([session, late]);
    clearTimeout(timer);
    if (typeof result === 'string' && this.session === session) this.drop();
    return result;
  }

  private connect(): Promise<ClientHttp2Session | string> {
    return new Promise((resolve) => {
      const session = connect(this.endpoint, { ...this.secrets.current() });
      this.opened = session;
      let why = 'the connection was closed';
      session.once('connect', () => resolve(session));
      session.on('error', (error: Error) => {
        why = error.message;
      });
      session.on('goaway', () => this.opened === session && this.drop());
      session.once('close', () => {
        resolve(why);
        if (this.opened === session) this.drop();
      });
    });
  }
}

/** Tells each message, and at last how it ended; gRPC's code 0 is a good end. */
function listen(
  stream: ClientHttp2Stream,
  take: (bytes: Uint8Array) => boolean,
  ended: (end: { readonly code: number | null; readonly message: string }) => void,
): void {
  const frames = new GrpcFrames();
  let end: { code: number | null; message: string } = { code: null, message: 'cut off' };
  const heard = (headers: IncomingHttpHeaders): void => {
    const status = headers['grpc-status'];
    if (typeof status !== 'string' || !/^\d{1,2}$/.test(status)) return;
    end = { code: Number(status), message: messageOf(headers['grpc-message'], status) };
  };
  stream.on('response', (headers) => {
    if (headers[':status'] === 200) return heard(headers);
    end.message = `HTTP status ${headers[':status'] ?? 'unknown'}: not etcd's gRPC`;
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('trailers', heard);
  stream.on('data', (bytes: Uint8Array) => {
    const messages = frames.push(bytes);
    if (messages?.every(take) === true) return;
    end = { code: null, message: 'the answer was not understood' };
    stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('error', (error: Error) => {
    if (end.message === 'cut off') end.message = error.message;
  });
  stream.once('close', () => ended(end));
}

function messageOf(header: string | string[] | undefined, status: string): string {
  const text = typeof header === 'string' ? header : `gRPC status ${status}`;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function failure(sent: boolean, code: number | null, message: string): Failure {
  return { ok: false, sent, code, message };
}
