import { isCatalogue } from '../protocol/lease/catalogue.js';
import type { SiteMessage } from '../protocol/node/messages.js';
import type { WriteRejection } from '../protocol/request.js';
import { ENTRIES_LIMIT, isWriteRequest } from './entry-fields.js';
import {
  type Fields,
  isCount,
  isFields,
  isFileVersion,
  isGrantTerms,
  isId,
  isMilliseconds,
  isName,
  isPosition,
  isRequestId,
} from '../protocol/message-fields.js';
import { isShardMessage } from './shard-messages.js';

export type ParsedSiteMessage =
  | { readonly ok: true; readonly message: SiteMessage }
  | { readonly ok: false; readonly reason: string };

const REJECTIONS: Readonly<Record<WriteRejection, true>> = {
  no_primary: true,
  quorum_unavailable: true,
  precondition_failed: true,
  no_such_file: true,
  overloaded: true,
  moving: true,
  names_have_files: true,
  ready: true,
  not_ready: true,
  wrong_change: true,
  storage_failed: true,
};

const isOneOf = (value: unknown, ...options: readonly string[]): boolean =>
  typeof value === 'string' && options.includes(value);

function isWriteAnswer(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value.outcome) {
    case 'committed':
      return (
        isName(value.name) &&
        isCount(value.version) &&
        isCount(value.epoch) &&
        isCount(value.seq) &&
        isMilliseconds(value.atMs)
      );
    case 'rejected':
      return (
        typeof value.reason === 'string' &&
        Object.hasOwn(REJECTIONS, value.reason) &&
        (value.current === null || isFileVersion(value.current))
      );
    case 'unknown':
      return isOneOf(value.reason, 'primary_lost', 'forgotten', 'timeout');
    default:
      return false;
  }
}

function isReadAnswer(value: unknown): boolean {
  if (!isFields(value)) return false;
  if (value.outcome === 'retry') return isOneOf(value.reason, 'no_primary', 'moving');
  if (value.outcome !== 'head' || !isCount(value.epoch)) return false;
  if (value.terms !== null && !isGrantTerms(value.terms)) return false;
  return value.head === null || isFileVersion(value.head);
}

function isEndAnswer(value: unknown): boolean {
  if (!isFields(value)) return false;
  if (value.outcome === 'retry') return value.reason === 'no_primary';
  if (value.terms !== undefined && !isGrantTerms(value.terms)) return false;
  return value.outcome === 'end' && isPosition(value.end);
}

function isBucketCatalogue(value: unknown): boolean {
  return isName(value) && typeof value === 'string' && isCatalogue(value);
}

function isCall(message: Fields): boolean {
  return isCount(message.id) && isId(message.run);
}

function isTrace(value: unknown): boolean {
  return value === undefined || isRequestId(value);
}

/** At most as many as there may be entries. */
function areTraces(value: unknown): boolean {
  if (value === undefined) return true;
  if (!Array.isArray(value) || value.length > ENTRIES_LIMIT) return false;
  return value.every((each) => isFields(each) && isCount(each.seq) && isRequestId(each.parent));
}

const JUDGES: Readonly<Record<SiteMessage['kind'], (message: Fields) => boolean>> = {
  shard: (m) => isId(m.shard) && isShardMessage(m.message) && areTraces(m.traces),
  submit: (m) => isCall(m) && isCount(m.epoch) && isId(m.shard) && isWriteRequest(m.request),
  submitted: (m) => isCall(m) && isWriteAnswer(m.answer),
  ask: (m) =>
    isCall(m) &&
    isId(m.shard) &&
    isName(m.name) &&
    (m.held === null || isPosition(m.held)) &&
    typeof m.keep === 'boolean' &&
    isTrace(m.trace),
  asked: (m) => isCall(m) && isReadAnswer(m.answer),
  'ask-end': (m) =>
    isCall(m) &&
    isId(m.shard) &&
    (m.catalogue === undefined || isBucketCatalogue(m.catalogue)) &&
    isTrace(m.trace),
  ended: (m) => isCall(m) && isEndAnswer(m.answer),
};

/** Judges what another site said. Any value gives a message or the reason why it is none. */
export function parseSiteMessage(value: unknown): ParsedSiteMessage {
  if (!isFields(value) || !isKind(value.kind)) {
    return { ok: false, reason: 'a message of no known kind' };
  }
  if (isSiteMessage(value)) return { ok: true, message: value };
  const inner = value.kind === 'shard' && isFields(value.message) ? value.message.kind : '';
  const detail = typeof inner === 'string' ? inner.slice(0, 32) : '';
  return { ok: false, reason: `not a message "${value.kind}" ${detail}`.trimEnd() };
}

function isKind(kind: unknown): kind is SiteMessage['kind'] {
  return typeof kind === 'string' && Object.hasOwn(JUDGES, kind);
}

function isSiteMessage(value: object): value is SiteMessage {
  return isFields(value) && isKind(value.kind) && JUDGES[value.kind](value);
}
