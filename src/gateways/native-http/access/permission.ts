import type { Caller } from '../../../site/access/caller.js';
import {
  type AccessLevel,
  permits,
  permitsName,
  permitsPrefix,
} from '../../../site/access/rights.js';
import type { Exchange } from '../exchange.js';
import { lacksRight, sendDenied } from './admission.js';

/** What a request is about: one file, all files of a bucket that begin so, or a whole bucket. */
export type Named =
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'prefix'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'bucket'; readonly bucket: string };

export interface Need {
  readonly level: AccessLevel;
  readonly of: Named;
}

export function fileNeed(name: string, level: AccessLevel): Need {
  return { level, of: { kind: 'file', name } };
}

/** Whether the caller's own rights go as far as this. */
export function mayDo({ rights }: Caller, { level, of }: Need): boolean {
  switch (of.kind) {
    case 'file':
      return permitsName(rights, of.name, level);
    case 'prefix':
      return permitsPrefix(rights, of.bucket, of.prefix, level);
    case 'bucket':
      return permits(rights, of.bucket, level);
  }
}

/**
 * Lets `go` answer if the caller may do all of this, be it because anybody may read the bucket;
 * else says what he lacks. Who lacks a right is not told whether what he named exists.
 */
export function judged(
  exchange: Exchange,
  needs: readonly Need[],
  go: () => Promise<void> | void,
): Promise<void> | void {
  const missing = needs.filter((need) => !mayDo(exchange.caller, need));
  const [first] = missing;
  if (first === undefined) return go();
  const refuse = (): void =>
    sendDenied(exchange, lacksRight(exchange.caller, first.level, nameOf(first.of)));
  if (missing.some(({ level }) => level !== 'read')) return refuse();
  return areReadByAnybody(exchange, missing).then((areOpen) => (areOpen ? go() : refuse()));
}

async function areReadByAnybody(
  { objects, request }: Exchange,
  needs: readonly Need[],
): Promise<boolean> {
  if (objects === null) return false;
  const isLocal = request.headers['quorate-consistency'] === 'local';
  for (const { of } of needs) {
    const bucket = of.kind === 'file' ? of.name.slice(0, of.name.indexOf('/')) : of.bucket;
    const state = await objects.bucket(bucket, isLocal ? 'local' : 'strong');
    if (!state.ok || !state.settings.anonymousRead) return false;
  }
  return true;
}

function nameOf(of: Named): string {
  switch (of.kind) {
    case 'file':
      return of.name;
    case 'prefix':
      return `${of.bucket}/${of.prefix}*`;
    case 'bucket':
      return of.bucket;
  }
}
