/*
 * The site's HTTP API, from the page that this very site served. What grants access is a cookie that
 * no script can read.
 */

export interface ApiFailure {
  readonly ok: false;
  /** 0: no answer came. */
  readonly status: number;
  /** A code of the API, or `unreachable` or `malformed_answer`. */
  readonly code: string;
  readonly message: string;
}

export type ApiResult<T> = { readonly ok: true; readonly value: T } | ApiFailure;

/** Gives the value if it is what was expected, else null. */
export type Reader<T> = (value: unknown) => T | null;

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const TIMEOUT_MS = 15_000;

type UnauthorizedListener = () => void;
const unauthorizedListeners = new Set<UnauthorizedListener>();

/** Called whenever a site no longer knows this page's session. */
export function onUnauthorized(listener: UnauthorizedListener): void {
  unauthorizedListeners.add(listener);
}

export async function call<T>(
  method: string,
  path: string,
  read: Reader<T>,
  body?: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<ApiResult<T>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
  } catch {
    return { ok: false, status: 0, code: 'unreachable', message: 'this site does not answer' };
  }
  if (!response.ok) return failureOf(response);
  const value = read(await response.json().catch(() => null));
  if (value !== null) return { ok: true, value };
  const message = 'the site answered something that this page does not know';
  return { ok: false, status: response.status, code: 'malformed_answer', message };
}

export async function failureOf(response: Response): Promise<ApiFailure> {
  if (response.status === 401) for (const listener of unauthorizedListeners) listener();
  const problem: unknown = await response.json().catch(() => null);
  const fields = isFields(problem) ? problem : {};
  const { status } = response;
  return {
    ok: false,
    status,
    code: typeof fields.code === 'string' ? fields.code : `status_${status}`,
    message: typeof fields.detail === 'string' ? fields.detail : `the site says ${status}`,
  };
}

/** Any object. */
export function anyFields(value: unknown): Fields | null {
  return isFields(value) ? value : null;
}
