/*
 * Request targets are taken apart by hand: a URL object would resolve `.` and `..`, which are
 * bytes of a name like any other.
 */

export interface RequestTarget {
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  /** As sent, without the `?`. */
  readonly query: string;
}

export function splitTarget(url: string): RequestTarget {
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

export type PercentDecoded =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string };

const PLAIN = /^[\x21-\x24\x26-\x7e]*$/;
const BROKEN_ESCAPE = /%(?![0-9a-fA-F]{2})/;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Percent-decodes once. What does not then read as UTF-8 is refused, never replaced. */
export function percentDecode(raw: string): PercentDecoded {
  if (PLAIN.test(raw)) return { ok: true, text: raw };
  if (BROKEN_ESCAPE.test(raw)) {
    return { ok: false, why: 'a "%" is not followed by two hexadecimal digits' };
  }
  const bytes = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at += 1) {
    if (raw.charCodeAt(at) === 0x25) {
      bytes[length] = Number.parseInt(raw.slice(at + 1, at + 3), 16);
      at += 2;
    } else {
      bytes[length] = raw.charCodeAt(at);
    }
    length += 1;
  }
  try {
    return { ok: true, text: strictUtf8.decode(bytes.subarray(0, length)) };
  } catch {
    return { ok: false, why: 'the percent-encoded bytes are not UTF-8' };
  }
}
