import type { IncomingMessage } from 'node:http';
import type { HttpExchange } from './http-exchange.js';

/** Bodies announced to be at most this long are collected before the service sees them. */
const COLLECT_LIMIT_BYTES = 64 * 1024;

/**
 * The body of a request, as it arrives; throws when it is cut off. A short one is taken in whole
 * and given as one piece; a long one is read no faster than it is used.
 */
export function requestBody(
  exchange: HttpExchange,
  size: number | undefined,
): AsyncIterable<Uint8Array> {
  return size !== undefined && size <= COLLECT_LIMIT_BYTES
    ? new CollectedBody(exchange)
    : streamedBody(exchange);
}

/** Asks for the body only once somebody wants it, so that a refusal saves sending it. */
export function sendContinue(exchange: HttpExchange): void {
  if (!exchange.awaitsContinue) return;
  exchange.awaitsContinue = false;
  exchange.response.writeContinue();
}

/** The whole body, or null when it is longer than the limit or was cut off. */
export function collectBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    request.on('data', (piece: Buffer) => {
      size += piece.byteLength;
      if (size <= limitBytes) pieces.push(piece);
      else resolve(null);
    });
    request.once('end', () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)));
    request.once('error', () => resolve(null));
    request.once('close', () => resolve(null));
  });
}

class CollectedBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #exchange: HttpExchange;
  #given = false;

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#given) return { done: true, value: undefined };
    this.#given = true;
    sendContinue(this.#exchange);
    const bytes = await collectBody(this.#exchange.request, COLLECT_LIMIT_BYTES);
    if (bytes === null) throw new Error('the connection ended before the body did');
    return bytes.byteLength === 0
      ? { done: true, value: undefined }
      : { done: false, value: bytes };
  }
}

async function* streamedBody(exchange: HttpExchange): AsyncIterable<Uint8Array> {
  const { request } = exchange;
  sendContinue(exchange);
  try {
    // A reader that gives up early must not take the connection along: the answer is still due.
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new Error('the connection ended before the body did', { cause: error });
  }
}
