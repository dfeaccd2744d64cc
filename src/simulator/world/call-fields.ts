import type {
  ChunkedContent,
  Content,
  FileVersion,
  InlineContent,
} from '../../protocol/file-version.js';
import type { WriteConditions, WriteIntent } from '../../protocol/request.js';
import type { ShardDrive } from '../../protocol/shard-drive.js';
import { compareUtf8 } from '../../protocol/utf8-order.js';
import type { Condition, Operation } from '../history.js';
import type { PlannedOperation } from './plan.js';

/*
 * What simulated clients write and ask for, and what they write down of an answer. A content is told
 * from another by its name alone.
 */

const SIZE = 8;

/** A write that is tried under one request id. */
export interface WriteCall {
  readonly requestId: string;
  readonly value: string | null;
  readonly since: number;
  readonly condition: Condition | null;
}

/** What is written down of a call, while it is under way. */
export type Draft = { -readonly [K in keyof Operation]: Operation[K] };

export function inlineContent(value: string): InlineContent {
  return { kind: 'inline', size: SIZE, etag: value, bytes: new Uint8Array(SIZE) };
}

export function chunkedContent(value: string): ChunkedContent {
  return { kind: 'chunked', size: SIZE, etag: value, chunks: [{ hash: value, size: SIZE }] };
}

/** The condition of a planned write; it speaks of what its client last saw of the file. */
export function conditionOf(
  planned: PlannedOperation,
  known: { readonly version: number; readonly value: string | null } | undefined,
): Condition | null {
  switch (planned.condition) {
    case 'none':
      return null;
    case 'ifAbsent':
      return { ifAbsent: true };
    case 'ifVersion':
      if (known === undefined) return { ifAbsent: true };
      return { ifVersion: known.version, ifValue: known.value };
    case 'ifMatch':
      return { ifMatch: [known?.value ?? '*'] };
    case 'ifNoneMatch':
      return { ifNoneMatch: [known?.value ?? '*'] };
  }
}

/** The condition as the protocol takes it. */
export function conditionsOf(condition: Condition | null): WriteConditions {
  if (condition === null) return {};
  const { ifValue: _seen, ...conditions } = condition;
  return conditions as WriteConditions;
}

/** Which version was seen, for the history; version 0 where there never was one. */
export function stamp(head: FileVersion | null): Partial<Operation> {
  if (head === null) return { version: 0, value: null };
  const { version, epoch, seq, content } = head;
  return { version, epoch, seq, value: content?.etag ?? null };
}

/** A write of this content, or, with null, a delete. */
export function intentOf(name: string, content: Content | null): WriteIntent {
  return content === null ? { kind: 'delete', name } : { kind: 'put', name, content, metadata: {} };
}

/** What a site's views show under a prefix, in the order of a listing. */
export function filesShown(
  drives: Iterable<ShardDrive>,
  prefix: string,
  limit: number,
): { name: string; version: number }[] {
  return [...drives]
    .flatMap((drive) => drive.view.list({ prefix, after: '', limit }))
    .sort((a, b) => compareUtf8(a.name, b.name))
    .map(({ name, version }) => ({ name, version }));
}
