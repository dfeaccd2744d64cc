import { filePath } from '../api/sdk.ts';
import { isFields } from '../api/http.ts';

export type UploadEnd =
  | { readonly kind: 'committed'; readonly version: number }
  /** Certainly not applied, and another attempt would not change that. */
  | { readonly kind: 'rejected'; readonly message: string }
  /** Nothing is known, or it may pass: repeat it under the same request id. */
  | { readonly kind: 'again'; readonly message: string }
  | { readonly kind: 'aborted' };

const MAY_PASS = new Set([0, 408, 429, 500, 502, 503, 504]);

/**
 * Sends a file as the next version of a name. `fetch` cannot tell how far a body has got; this can.
 * Repeats under one request id take effect once.
 */
export function uploadFile(
  name: string,
  file: File,
  requestId: string,
  progress: (sentBytes: number) => void,
  signal: AbortSignal,
): Promise<UploadEnd> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('PUT', filePath(name));
    request.setRequestHeader('idempotency-key', requestId);
    request.setRequestHeader('content-type', file.type || 'application/octet-stream');
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => resolve(endOf(request));
    request.onerror = () => resolve({ kind: 'again', message: 'the connection broke' });
    request.onabort = () => resolve({ kind: 'aborted' });
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

function endOf({ status, responseText }: XMLHttpRequest): UploadEnd {
  const answer = parsed(responseText);
  if (status === 200 || status === 201) {
    const file = isFields(answer.file) ? answer.file : {};
    return { kind: 'committed', version: Number(file.version ?? 0) };
  }
  const message = typeof answer.detail === 'string' ? answer.detail : `the site says ${status}`;
  const isOver = !MAY_PASS.has(status) && answer.outcome !== 'unknown';
  return { kind: isOver ? 'rejected' : 'again', message };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
}
