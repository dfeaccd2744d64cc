import { INLINE_LIMIT_BYTES, type FileVersion } from '../file-version.js';
import {
  type Fields,
  isConditions,
  isCount,
  isFields,
  isFileVersion,
  isHash,
  isId,
  isMetadata,
  isMilliseconds,
  isName,
  isPosition,
  isRequestId,
} from '../message-fields.js';
import type { ClientMessage, SiteReply } from './messages.js';

/*
 * Sessions on the wire: each message is one text frame of JSON; bytes of content that belong to it
 * follow in one binary frame. It names no encoder and no socket, so any WebSocket can carry it.
 */

export type Frame = string | Uint8Array;

export type Parsed<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly reason: string };

export const TEXT_LIMIT_CHARACTERS = 1024 * 1024;
const LIST_LIMIT = 4096;
const TOKEN_LIMIT_CHARACTERS = 8192;
const NO_BYTES = new Uint8Array(0);

/** The frames of a message, in order. Large content never travels here: its chunks are left out. */
export function framesOf(message: ClientMessage | SiteReply): Frame[] {
  if (message.kind === 'write' && message.write.kind === 'put') {
    const { bytes } = message.write;
    const text = JSON.stringify({ ...message, write: { ...message.write, bytes: bytes.length } });
    return [text, bytes];
  }
  if ((message.kind === 'read' && 'ok' in message && message.ok) || message.kind === 'written') {
    const { head } = message;
    if (head?.content?.kind === 'inline') {
      const { bytes, ...content } = head.content;
      const text = JSON.stringify({ ...message, head: { ...head, content } });
      return bytes.length === 0 ? [text] : [text, bytes];
    }
    if (head?.content?.kind === 'chunked') {
      return [JSON.stringify({ ...message, head: summaryOf(head) })];
    }
  }
  if (message.kind === 'written' && message.answer.outcome === 'rejected') {
    const { answer } = message;
    const current = answer.current === null ? null : summaryOf(answer.current);
    return [JSON.stringify({ ...message, answer: { ...answer, current } })];
  }
  return [JSON.stringify(message)];
}

/** Without what the content is made of: its size and etag say which it is. */
function summaryOf(head: FileVersion): FileVersion {
  if (head.content === null) return head;
  const { size, etag } = head.content;
  return { ...head, content: { kind: 'chunked', size, etag, chunks: [] } };
}

/** What each side says. */
export interface Told {
  readonly client: ClientMessage;
  readonly site: SiteReply;
}

/** Puts frames together to messages; any frame gives a message, nothing yet, or a reason. */
export class FrameReader<From extends keyof Told> {
  private waiting: Fields | null = null;

  constructor(private readonly side: From) {}

  /** Null when the bytes of a message are still to come. */
  push(frame: Frame): Parsed<Told[From]> | null {
    if (typeof frame !== 'string') return this.attach(frame);
    if (this.waiting !== null) return fault('a text frame where bytes should follow');
    if (frame.length > TEXT_LIMIT_CHARACTERS) return fault('a text frame that is too long');
    let value: unknown;
    try {
      value = JSON.parse(frame);
    } catch {
      return fault('a text frame that is no JSON');
    }
    if (!isFields(value)) return fault('a text frame that is no object');
    if (hasBytes(value)) {
      this.waiting = value;
      return null;
    }
    return this.judge(withBytes(value, NO_BYTES));
  }

  private attach(bytes: Uint8Array): Parsed<Told[From]> {
    const { waiting } = this;
    if (waiting === null) return fault('bytes that belong to no message');
    this.waiting = null;
    if (bytes.length > INLINE_LIMIT_BYTES) return fault(`more than ${INLINE_LIMIT_BYTES} bytes`);
    return this.judge(withBytes(waiting, bytes));
  }

  private judge(value: Fields): Parsed<Told[From]> {
    const { kind } = value;
    if (typeof kind !== 'string' || !Object.hasOwn(JUDGES[this.side], kind)) {
      return fault('a message of no known kind');
    }
    if (!isTold(this.side, value)) return fault(`not a message "${kind}"`);
    return { ok: true, message: value };
  }
}

function isTold<From extends keyof Told>(side: From, value: object): value is Told[From] {
  if (!isFields(value) || typeof value.kind !== 'string') return false;
  const judges: Readonly<Record<string, (message: Fields) => boolean>> = JUDGES[side];
  return judges[value.kind]?.(value) === true;
}

function fault(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function contentOf(value: Fields): Fields | null {
  const { head } = value;
  return isFields(head) && isFields(head.content) ? head.content : null;
}

/** Whether a binary frame follows: never for content that is empty, or that the reader has. */
function hasBytes(value: Fields): boolean {
  if (value.kind === 'write') return isFields(value.write) && value.write.kind === 'put';
  const content = contentOf(value);
  if (content?.kind !== 'inline' || content.size === 0) return false;
  return value.kind === 'read' && value.asHeld !== true;
}

function withBytes(value: Fields, bytes: Uint8Array): Fields {
  if (value.kind === 'write' && isFields(value.write) && value.write.kind === 'put') {
    return value.write.bytes === bytes.length
      ? { ...value, write: { ...value.write, bytes } }
      : { kind: '' };
  }
  const content = contentOf(value);
  if (content?.kind !== 'inline') return value;
  return { ...value, head: { ...(value.head as Fields), content: { ...content, bytes } } };
}

function isListOf(value: unknown, judge: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= LIST_LIMIT && value.every(judge);
}

function isToken(value: unknown): boolean {
  return typeof value === 'string' && value.length <= TOKEN_LIMIT_CHARACTERS;
}

function isDropped(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { shard, name, serial } = value;
  return isId(shard) && (name === null || isName(name)) && isCount(serial);
}

function isKeep(value: unknown): boolean {
  if (value === null) return true;
  return isFields(value) && isId(value.shard) && isCount(value.generation) && isCount(value.serial);
}

function isLease(value: unknown): boolean {
  if (!isFields(value)) return false;
  return isId(value.shard) && isCount(value.generation) && isMilliseconds(value.durationMs);
}

function areLeases(message: Fields): boolean {
  return isMilliseconds(message.sentMs) && isListOf(message.leases, isLease);
}

function isHead(value: unknown): boolean {
  if (value === null) return true;
  if (!isFields(value)) return false;
  const content = isFields(value.content) ? value.content : null;
  // Chunks are left out here: only their sum is known.
  if (content?.kind !== 'chunked') return isFileVersion(value);
  return isFileVersion({ ...value, content: null, deleted: true }) && isCount(content.size);
}

function isWrite(value: unknown): boolean {
  if (!isFields(value) || !isName(value.name)) return false;
  if (value.kind === 'delete') return true;
  return value.kind === 'put' && value.bytes instanceof Uint8Array && isMetadata(value.metadata);
}

function isOneOf(value: unknown, ...options: readonly string[]): boolean {
  return typeof value === 'string' && options.includes(value);
}

const isFileAt = (value: unknown): boolean =>
  isFields(value) && isName(value.name) && isPosition(value);

const CLIENT_JUDGES: Readonly<Record<ClientMessage['kind'], (message: Fields) => boolean>> = {
  renew: (m) => isMilliseconds(m.sentMs) && isListOf(m.shards, isId),
  read: (m) =>
    isCount(m.id) &&
    isMilliseconds(m.sentMs) &&
    isName(m.name) &&
    (m.held === null || isPosition(m.held)) &&
    isOneOf(m.mode, 'strong', 'validate', 'local'),
  write: (m) =>
    isCount(m.id) &&
    isMilliseconds(m.sentMs) &&
    isRequestId(m.requestId) &&
    (m.since === null || isToken(m.since)) &&
    isWrite(m.write) &&
    isConditions(m.conditions),
  revalidate: (m) => isCount(m.id) && isMilliseconds(m.sentMs) && isListOf(m.files, isFileAt),
  done: (m) => isListOf(m.files, isDropped),
  left: (m) => isListOf(m.files, isDropped),
  watch: (m) => isCount(m.id) && isName(m.prefix) && (m.from === null || isToken(m.from)),
  unwatch: (m) => isCount(m.id),
  bye: () => true,
};

function isWriteAnswer(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value.outcome) {
    case 'committed':
      return isName(value.name) && isCount(value.version) && isPosition(value);
    case 'rejected':
      return isId(value.reason) && (value.current === null || isHead(value.current));
    case 'unknown':
    case 'refused':
      return typeof value.reason === 'string';
    default:
      return false;
  }
}

const SITE_JUDGES: Readonly<Record<SiteReply['kind'], (message: Fields) => boolean>> = {
  welcome: (m) => isId(m.session) && isId(m.site) && isToken(m.position),
  renewed: (m) => areLeases(m) && isToken(m.position),
  read: (m) =>
    isCount(m.id) &&
    (m.ok === false
      ? isId(m.reason)
      : m.ok === true &&
        isHead(m.head) &&
        typeof m.asHeld === 'boolean' &&
        isOneOf(m.freshness, 'primary', 'lease', 'validated', 'fetched', 'local') &&
        isKeep(m.keep) &&
        areLeases(m)),
  written: (m) =>
    isCount(m.id) && isWriteAnswer(m.answer) && isHead(m.head) && isKeep(m.keep) && areLeases(m),
  revalidated: (m) => isCount(m.id) && isListOf(m.keeps, isKeep) && areLeases(m),
  invalidate: (m) => isListOf(m.files, isDropped),
  changes: (m) => isCount(m.id) && isListOf(m.changes, isChange) && isToken(m.cursor),
  'watch-ended': (m) =>
    isCount(m.id) && isOneOf(m.reason, 'too_old', 'invalid_cursor', 'overloaded', 'forbidden'),
};

const JUDGES = { client: CLIENT_JUDGES, site: SITE_JUDGES };

function isChange(value: unknown): boolean {
  if (!isFields(value) || !isOneOf(value.kind, 'put', 'delete', 'restore')) return false;
  const { name, version, size, etag, modifiedMs } = value;
  if (!isName(name) || !isCount(version) || !isPosition(value) || !isCount(size)) return false;
  return (etag === null || isHash(etag)) && isMilliseconds(modifiedMs);
}

/** Whether content came whole, or has to be fetched by its version. */
export function isWhole(head: FileVersion | null): boolean {
  return head?.content?.kind !== 'chunked';
}
