import { type MessageKind, messageKindOf } from '../../../src/protocol/node/message-kind.js';
import type { SiteMessage } from '../../../src/protocol/node/messages.js';
import type { Operation } from '../../../src/simulator/history.js';
import { type Fields, isFields } from '../api/http.ts';

/* What a trace's lines hold is from anywhere: each is looked at before it is believed. */

export function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.MAX_SAFE_INTEGER;
}

const NAME_LIMIT = 64;

export function isSiteName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= NAME_LIMIT;
}

/** Null: a message that nobody says. */
export function readMessageKind(message: unknown): MessageKind | null {
  return isClassifiable(message) ? (messageKindOf(message) ?? null) : null;
}

/** As much of it as its kind is told by. */
function isClassifiable(value: unknown): value is SiteMessage {
  if (!isFields(value)) return false;
  switch (value.kind) {
    case 'submit':
    case 'submitted':
    case 'ask':
    case 'ask-end':
    case 'ended':
      return true;
    case 'asked':
      return isFields(value.answer);
    case 'shard':
      return isShardMessage(value.message);
    default:
      return false;
  }
}

function isShardMessage(value: unknown): value is Fields {
  return isFields(value) && (value.kind !== 'append' || Array.isArray(value.entries));
}

const VERBS: readonly unknown[] = ['write', 'delete', 'read', 'list'];

/** As much of it as a sentence about it needs. */
export function isOperation(value: unknown): value is Operation {
  return (
    isFields(value) &&
    isSiteName(value.client) &&
    isSiteName(value.site) &&
    VERBS.includes(value.kind) &&
    typeof value.name === 'string' &&
    isTime(value.startMs) &&
    (value.endMs === null || isTime(value.endMs))
  );
}
