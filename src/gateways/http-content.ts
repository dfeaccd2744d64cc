import { ContentLost } from '../site/file-service.js';
import { type FlatHeaders, type HttpExchange, send } from './http-exchange.js';

/** Content up to this size is assembled, and verified, before the first byte is sent. */
const WHOLE_LIMIT_BYTES = 64 * 1024;

export interface ContentAnswer {
  readonly status: number;
  /** Without the length. */
  readonly headers: FlatHeaders;
  /** Of the bytes that follow. */
  readonly length: number;
}

/**
 * Answers with content. `refuse` says what is answered instead when the content fails before
 * anything was sent, or throws what it does not know; later a cut connection is the only honest
 * answer, and `refuse` is not asked.
 */
export async function sendContent(
  exchange: HttpExchange,
  answer: ContentAnswer,
  body: AsyncIterable<Uint8Array>,
  refuse: (error: unknown) => void,
): Promise<void> {
  if (answer.length <= WHOLE_LIMIT_BYTES) await sendWhole(exchange, answer, body, refuse);
  else await sendStream(exchange, answer, body, refuse);
}

async function sendWhole(
  exchange: HttpExchange,
  { status, headers }: ContentAnswer,
  body: AsyncIterable<Uint8Array>,
  refuse: (error: unknown) => void,
): Promise<void> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of body) pieces.push(piece);
  } catch (error) {
    return refuse(error);
  }
  send(exchange, status, headers, pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces));
}

/** Sends as fast as the client takes it; stops reading when the client goes away. */
async function sendStream(
  exchange: HttpExchange,
  { status, headers, length }: ContentAnswer,
  body: AsyncIterable<Uint8Array>,
  refuse: (error: unknown) => void,
): Promise<void> {
  const { response } = exchange;
  headers.push('Content-Length', String(length));
  try {
    for await (const piece of body) {
      if (response.destroyed) return;
      if (!response.headersSent) response.writeHead(status, headers);
      if (!response.write(piece)) await writable(exchange);
      if (response.destroyed) return;
    }
    response.end();
  } catch (error) {
    if (!response.headersSent) return refuse(error);
    response.destroy();
    if (!(error instanceof ContentLost)) throw error;
  }
}

function writable({ response }: HttpExchange): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
