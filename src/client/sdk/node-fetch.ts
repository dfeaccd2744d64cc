import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { Readable } from 'node:stream';
import type { FetchSettings, Platform } from './platform.js';

/** Statuses whose answers have no body. */
const BODYLESS = new Set([204, 205, 304]);

/**
 * What `fetch` does for this client, over connections to sites that these authorities (in PEM) vouch
 * for: Node's own cannot be told any.
 */
export function fetchTrusting(ca: string): Platform['fetch'] {
  const agent = new Agent({ ca, keepAlive: true });
  return (url, settings) => send(url, agent, settings);
}

function send(
  url: string,
  agent: Agent,
  { method, headers, body, signal }: FetchSettings,
): Promise<Response> {
  const size = body instanceof Blob ? body.size : body?.byteLength;
  const length = size === undefined ? {} : { 'content-length': String(size) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers: { ...headers, ...length }, signal });
    // Also after the answer, when whoever reads that is told as well.
    sent.on('error', reject);
    sent.once('response', (answer) => resolve(responseOf(answer)));
    if (!(body instanceof Blob)) {
      sent.end(body);
      return;
    }
    const source = Readable.fromWeb(body.stream());
    source.once('error', (error) => sent.destroy(error));
    source.pipe(sent);
  });
}

/** Its body is read as it comes; a connection that breaks off ends it with an error. */
function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 0, headersDistinct } = answer;
  const headers = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  if (BODYLESS.has(status)) {
    answer.resume();
    return new Response(null, { status, headers });
  }
  type Body = ConstructorParameters<typeof Response>[0];
  return new Response(Readable.toWeb(answer) as Body, { status, headers });
}
