import type { IncomingMessage } from 'node:http';

export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly message: string };

/**
 * Reads a body of at most `limitBytes`. Only `application/json` is taken: a page in a browser
 * cannot send that here without being asked for permission first.
 */
export function readJsonBody(request: IncomingMessage, limitBytes: number): Promise<JsonBody> {
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  if (type !== 'application/json') {
    request.resume();
    return Promise.resolve({ ok: false, status: 415, message: 'send application/json' });
  }
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on('data', (part: Buffer) => {
      size += part.length;
      if (size <= limitBytes) {
        parts.push(part);
        return;
      }
      request.removeAllListeners('data');
      request.resume();
      resolve({ ok: false, status: 413, message: `a body has at most ${limitBytes} bytes` });
    });
    const cutShort = (): void => resolve({ ok: false, status: 400, message: 'body cut short' });
    request.on('error', cutShort);
    request.on('close', cutShort);
    request.on('end', () => {
      try {
        resolve({ ok: true, value: JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown });
      } catch {
        resolve({ ok: false, status: 400, message: 'the body is not JSON' });
      }
    });
  });
}
