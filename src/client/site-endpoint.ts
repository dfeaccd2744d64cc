import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import { Agent as SecureAgent, request as httpsRequest } from 'node:https';
import { TLSSocket } from 'node:tls';

/** A site and where its HTTP API is. */
export interface SiteEndpoint {
  readonly site: string;
  /** `http://host:port` or `https://…` */
  readonly url: string;
  /** Authorities in PEM to believe that it is the site, in place of the system's. */
  readonly ca?: string;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Percent-encoded, with its query; sent as it is. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for every attempt. */
  readonly body?: (() => AsyncIterable<Uint8Array>) | Uint8Array;
  /** Silence on the connection that ends the attempt. */
  readonly silenceLimitMs: number;
}

export type Reply =
  | {
      readonly kind: 'reply';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      /** Has to be read to its end or destroyed. */
      readonly body: IncomingMessage;
    }
  /** The request certainly did not arrive. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The request may or may not have arrived. */
  | { readonly kind: 'broken'; readonly message: string }
  /** The body to be sent could not be read. */
  | { readonly kind: 'body_failed'; readonly message: string };

const AGENT = { keepAlive: true, maxSockets: 64, scheduling: 'lifo' } as const;
const plainAgent = new Agent(AGENT);
/** One for each set of authorities, of which a program has one or two. */
const secureAgents = new Map<string | undefined, SecureAgent>();
const UNREACHED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** One attempt at one site. Never rejects. */
export function exchange(endpoint: SiteEndpoint, call: Call): Promise<Reply> {
  const { protocol, hostname, port } = new URL(endpoint.url);
  const isSecure = protocol === 'https:';
  const send = isSecure ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const request = send({
      agent: isSecure ? secureAgent(endpoint.ca) : plainAgent,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      method: call.method,
      path: call.path,
      headers: { ...call.headers },
    });
    request.setTimeout(call.silenceLimitMs, () => {
      request.destroy(new Error(`no sign of life for ${call.silenceLimitMs} ms`));
    });
    request.once('response', (body) => {
      // Seen by whoever reads the body; unheard it would be an exception.
      body.on('error', () => {});
      resolve({ kind: 'reply', status: body.statusCode ?? 0, headers: body.headers, body });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      const { socket } = request;
      // Nothing is sent before the connection is secure.
      const isInsecure = socket instanceof TLSSocket && !socket.authorized;
      const unreached =
        UNREACHED.has(error.code ?? '') || socket?.connecting === true || isInsecure;
      const message = `${endpoint.site} (${endpoint.url}): ${failureText(error)}`;
      resolve({ kind: unreached ? 'unreachable' : 'broken', message });
    });
    const { body } = call;
    if (typeof body !== 'function') {
      request.end(body);
      return;
    }
    upload(request, body()).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      resolve({ kind: 'body_failed', message });
      request.destroy();
    });
  });
}

function secureAgent(ca: string | undefined): SecureAgent {
  const known = secureAgents.get(ca);
  if (known !== undefined) return known;
  const agent = new SecureAgent({ ...AGENT, ...(ca !== undefined && { ca }) });
  secureAgents.set(ca, agent);
  return agent;
}

const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);
const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

function failureText({ code = '', message }: NodeJS.ErrnoException): string {
  if (UNTRUSTED.has(code)) {
    return `its certificate is signed by nobody trusted here; name its authority (${code})`;
  }
  return NO_TLS.has(code) ? 'it does not speak TLS' : message || code;
}

/** Sends as fast as the site takes it, and no more once the site has answered. */
async function upload(
  request: ReturnType<typeof httpRequest>,
  source: AsyncIterable<Uint8Array>,
): Promise<void> {
  let answered = false;
  let wake = (): void => {};
  const onAnswer = (): void => {
    answered = true;
    wake();
  };
  request.once('response', onAnswer);
  request.once('close', onAnswer);
  request.on('drain', () => wake());
  for await (const piece of source) {
    if (answered) return;
    if (request.write(piece)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (answered) resolve();
    });
  }
  request.end();
}

/** The whole body as text, or null when it broke off or is longer than the limit. */
export async function readText(body: IncomingMessage, limitBytes: number): Promise<string | null> {
  return (await readBytes(body, limitBytes))?.toString('utf8') ?? null;
}

/** The whole body, or null when it broke off or is longer than the limit. */
export async function readBytes(body: IncomingMessage, limitBytes: number): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of body as AsyncIterable<Buffer>) {
      size += piece.byteLength;
      if (size > limitBytes) return null;
      pieces.push(piece);
    }
  } catch {
    return null;
  }
  return body.complete ? Buffer.concat(pieces) : null;
}
