import { contentUrl } from './file-state.svelte.ts';

/** Longer texts are shown in part, and not edited here. */
export const TEXT_LIMIT_BYTES = 512 * 1024;

export type TextContent =
  | { readonly ok: true; readonly text: string; readonly cut: boolean }
  | { readonly ok: false; readonly message: string; readonly binary: boolean };

/** The beginning of a version as text, if it is text. */
export async function readText(name: string, version: number, size: number): Promise<TextContent> {
  if (size === 0) return { ok: true, text: '', cut: false };
  const cut = size > TEXT_LIMIT_BYTES;
  let bytes: Uint8Array;
  try {
    const response = await fetch(contentUrl(name, version), {
      headers: cut ? { range: `bytes=0-${TEXT_LIMIT_BYTES - 1}` } : {},
    });
    if (!response.ok) {
      return { ok: false, message: `the site says ${response.status}`, binary: false };
    }
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch {
    return { ok: false, message: 'this site does not answer', binary: false };
  }
  // A cut may go through a character; that one is replaced.
  const text = decoded(cut ? bytes.subarray(0, bytes.length - 4) : bytes);
  return text === null
    ? { ok: false, message: 'this is no text', binary: true }
    : { ok: true, text, cut };
}

function decoded(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
