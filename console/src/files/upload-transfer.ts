import { filePath } from '../api/sdk.ts';
import { type Fields, isFields } from '../api/http.ts';

export type UploadEnd =
  | { readonly kind: 'committed'; readonly version: number }
  /** Certainly not applied, and another attempt would not change that. */
  | { readonly kind: 'rejected'; readonly message: string; readonly code: string }
  /** Nothing is known, or it may pass: repeat it under the same request id. */
  | { readonly kind: 'again'; readonly message: string }
  | { readonly kind: 'aborted' };

export interface UploadWatch {
  readonly progress: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

const MAY_PASS = new Set([0, 408, 429, 500, 502, 503, 504]);

/**
 * Sends a file as the next version of a name. Repeats under one request id take effect once.
 */
export async function uploadFile(
  name: string,
  file: File,
  requestId: string,
  watch: UploadWatch,
): Promise<UploadEnd> {
  const headers = {
    'idempotency-key': requestId,
    'content-type': file.type || 'application/octet-stream',
  };
  const sent = await transfer('PUT', filePath(name), headers, file, watch);
  return sent.kind === 'answered' ? committed(sent.answer) : sent;
}

export type Transferred =
  | { readonly kind: 'answered'; readonly answer: Fields }
  | Exclude<UploadEnd, { kind: 'committed' }>;

/** `fetch` cannot tell how far a body has got; this can. */
export function transfer(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Blob | null,
  { progress, signal }: UploadWatch,
): Promise<Transferred> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ kind: 'aborted' });
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    const end = (transferred: Transferred): void => {
      signal.removeEventListener('abort', abort);
      resolve(transferred);
    };
    request.open(method, path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    // Said by every page's own script: it is no other page's.
    request.setRequestHeader('quorate-console', '1');
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => end(endOf(request));
    request.onerror = () => end({ kind: 'again', message: 'the connection broke' });
    request.onabort = () => end({ kind: 'aborted' });
    signal.addEventListener('abort', abort, { once: true });
    request.send(body);
  });
}

export function committed(answer: Fields): UploadEnd {
  const file = isFields(answer.file) ? answer.file : {};
  return { kind: 'committed', version: Number(file.version ?? 0) };
}

function endOf({ status, responseText }: XMLHttpRequest): Transferred {
  const answer = parsed(responseText);
  if (status >= 200 && status < 300) return { kind: 'answered', answer };
  const message = typeof answer.detail === 'string' ? answer.detail : `the site says ${status}`;
  if (MAY_PASS.has(status) || answer.outcome === 'unknown') return { kind: 'again', message };
  return { kind: 'rejected', message, code: String(answer.code ?? '') };
}

function parsed(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
}
