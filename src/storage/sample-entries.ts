import { contentHash } from './content-hash.js';
import type { InlineContent } from '../protocol/file-version.js';
import type { LogEntry, Operation } from '../protocol/log-entry.js';

/* Entries to try storage with, in tests and benchmarks. */

export function inlineContent(bytes: Uint8Array): InlineContent {
  const etag = contentHash(bytes);
  return { kind: 'inline', size: bytes.length, etag, bytes };
}

export function textContent(text: string): InlineContent {
  return inlineContent(new TextEncoder().encode(text));
}

export function entryOf(
  epoch: number,
  seq: number,
  operation: Operation,
  more: { readonly atMs?: number; readonly requestId?: string } = {},
): LogEntry {
  return { epoch, seq, atMs: more.atMs ?? 1_000 + seq, requestId: more.requestId ?? '', operation };
}

export function putEntry(
  epoch: number,
  seq: number,
  name: string,
  version: number,
  text = `${name} ${version}`,
): LogEntry {
  const content = textContent(text);
  const operation: Operation = { kind: 'put', name, version, content, metadata: {} };
  return entryOf(epoch, seq, operation, { requestId: `request-${epoch}-${seq}` });
}

/** Entries `from`…`to`, each the first version of a file of its own. */
export function putEntries(epoch: number, from: number, to: number): LogEntry[] {
  const count = Math.max(0, to - from + 1);
  return Array.from({ length: count }, (_, i) => putEntry(epoch, from + i, `b/${from + i}`, 1));
}
