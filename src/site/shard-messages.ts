import type { ShardMessage } from '../protocol/shard/messages.js';
import { areEntries } from './entry-fields.js';
import {
  type Fields,
  isConfiguration,
  isGrantTerms,
  isId,
  isName,
  isCount,
  isFields,
  isMilliseconds,
  isPosition,
  isReign,
} from '../protocol/message-fields.js';

const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

function isBeat(value: unknown): boolean {
  if (value === null) return true;
  return isFields(value) && isMilliseconds(value.sentMs) && isMilliseconds(value.actMs);
}

function isTarget(value: unknown): boolean {
  if (value === null) return true;
  return isFields(value) && isCount(value.incarnation) && isCount(value.seq);
}

const FILE_LIST_LIMIT = 4096;

function isListOf(value: unknown, judge: (item: Fields) => boolean): boolean {
  if (!Array.isArray(value) || value.length > FILE_LIST_LIMIT) return false;
  return value.every((item) => isFields(item) && judge(item));
}

function isRevokedFile(value: Fields): boolean {
  return (value.name === null || isName(value.name)) && isCount(value.seq);
}

/** One, or two while a change of sites is under way. */
function areConfigurations(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 1 || value.length > 2) return false;
  return value.every(isConfiguration);
}

function isGrantedVersion(value: unknown): boolean {
  return isFields(value) && isCount(value.version) && isPosition(value);
}

/** What each kind holds beside the epoch and the run that all but two of them name. */
const JUDGES: Readonly<Record<ShardMessage['kind'], (message: Fields) => boolean>> = {
  append: (m) =>
    isReign(m) &&
    areEntries(m.entries, m.previous) &&
    isCount(m.commitSeq) &&
    isCount(m.releasedSeq) &&
    isCount(m.trimSeq) &&
    isBeat(m.beat) &&
    isTarget(m.target),
  appended: (m) =>
    isReign(m) &&
    isCount(m.incarnation) &&
    isCount(m.durableSeq) &&
    isBoolean(m.joining) &&
    (m.beatSentMs === null || isMilliseconds(m.beatSentMs)),
  mismatch: (m) =>
    isReign(m) &&
    isCount(m.incarnation) &&
    isBoolean(m.joining) &&
    isCount(m.previousSeq) &&
    isCount(m.commitSeq) &&
    isPosition(m.at),
  refused: (m) => isReign(m) && isReign(m.promised),
  prepare: (m) =>
    isReign(m) &&
    (m.configured === undefined || isCount(m.configured)) &&
    (m.withdrawn === undefined || (isFields(m.withdrawn) && isReign(m.withdrawn))),
  promised: (m) =>
    isReign(m) &&
    isCount(m.incarnation) &&
    isPosition(m.end) &&
    isCount(m.commitSeq) &&
    isMilliseconds(m.remainderMs) &&
    (m.active === undefined || areConfigurations(m.active)),
  fetch: (m) => isReign(m) && isCount(m.after) && isCount(m.upTo),
  fetched: (m) =>
    isReign(m) &&
    isCount(m.incarnation) &&
    areEntries(m.entries, m.previous) &&
    isBoolean(m.trimmed),
  'lease-request': (m) =>
    isReign(m) &&
    isId(m.holder) &&
    isMilliseconds(m.sentMs) &&
    isListOf(m.left, (file) => isName(file.name) && isCount(file.position)),
  lease: (m) =>
    isReign(m) &&
    isId(m.holder) &&
    isMilliseconds(m.sentMs) &&
    isMilliseconds(m.durationMs) &&
    isCount(m.generation),
  grant: (m) =>
    isGrantTerms(m) && isName(m.name) && (m.version === null || isGrantedVersion(m.version)),
  revoke: (m) => isReign(m) && isListOf(m.files, isRevokedFile),
  revoked: (m) =>
    isReign(m) && isListOf(m.files, (file) => isRevokedFile(file) && isBoolean(file.wanted)),
  recall: isReign,
  recalled: (m) => isReign(m) && (m.holder === undefined || isId(m.holder)),
  withdraw: (m) => isReign(m) && (m.successor === undefined || typeof m.successor === 'string'),
  withdrawn: isReign,
  'handover-request': (m) => isCount(m.epoch),
  'snapshot-offer': (m) => isReign(m) && isCount(m.missingSeq),
  'snapshot-wanted': isReign,
  standing: (m) => isPosition(m.end) && isBoolean(m.eligible),
};

export function isShardMessage(value: unknown): value is ShardMessage {
  if (!isFields(value) || typeof value.kind !== 'string') return false;
  if (!Object.hasOwn(JUDGES, value.kind)) return false;
  return JUDGES[value.kind as ShardMessage['kind']](value);
}
