import { ERASES_LIMIT, RETENTION_RULES_LIMIT } from '../protocol/log-entry.js';
import {
  type Fields,
  isConditions,
  isConfiguration,
  isContent,
  isCount,
  isFields,
  isId,
  isMetadata,
  isMilliseconds,
  isName,
  isPattern,
  isPosition,
  isRequestId,
} from '../protocol/message-fields.js';

/** Entries in one message; a primary sends at most 512. */
export const ENTRIES_LIMIT = 4096;

/** The longest name of a bucket. */
const BUCKET_LIMIT_CHARACTERS = 63;

/** Entries without a gap, the first following `previous`. */
export function areEntries(value: unknown, previous: unknown): boolean {
  if (!Array.isArray(value) || value.length > ENTRIES_LIMIT || !isPosition(previous)) return false;
  let { epoch, seq } = previous as { epoch: number; seq: number };
  for (const entry of value as unknown[]) {
    if (!isEntry(entry) || entry.seq !== seq + 1 || (entry.epoch as number) < epoch) return false;
    epoch = entry.epoch as number;
    seq += 1;
  }
  return true;
}

function isEntry(value: unknown): value is Fields {
  return (
    isFields(value) &&
    isCount(value.epoch) &&
    isCount(value.seq) &&
    isMilliseconds(value.atMs) &&
    isRequestId(value.requestId) &&
    isOperation(value.operation)
  );
}

function isOperation(value: unknown): boolean {
  if (!isFields(value)) return false;
  switch (value.kind) {
    case 'noop':
      return true;
    case 'put':
    case 'delete':
      return isCount(value.version) && isWrite(value);
    default:
      return isUpkeep(value);
  }
}

function isWrite(value: Fields): boolean {
  if (!isName(value.name)) return false;
  if (value.erases !== undefined && !areVersions(value.erases)) return false;
  if (value.kind === 'delete') return value.metadata === undefined || isMetadata(value.metadata);
  if (value.restored !== undefined && !isCount(value.restored)) return false;
  return isContent(value.content) && isMetadata(value.metadata);
}

function areVersions(value: unknown): boolean {
  return Array.isArray(value) && value.length <= ERASES_LIMIT && value.every(isCount);
}

/** What no file is written by. */
function isUpkeep(value: Fields): boolean {
  switch (value.kind) {
    case 'retain':
      return (
        isMilliseconds(value.beforeMs) &&
        (value.countFromMs === undefined || isMilliseconds(value.countFromMs)) &&
        (value.rules === undefined || areRules(value.rules))
      );
    case 'move-in':
      return isPattern(value.pattern) && isCount(value.tableVersion);
    case 'configure':
      return isConfiguration(value.configuration);
    case 'configured':
      return isCount(value.version);
    case 'move-out':
    case 'move-back':
      return isPattern(value.pattern) && isCount(value.tableVersion) && isId(value.to);
    default:
      return false;
  }
}

function areRules(value: unknown): boolean {
  return Array.isArray(value) && value.length <= RETENTION_RULES_LIMIT && value.every(isRule);
}

function isRule(value: unknown): boolean {
  return (
    isFields(value) &&
    typeof value.bucket === 'string' &&
    value.bucket.length <= BUCKET_LIMIT_CHARACTERS &&
    isMilliseconds(value.beforeMs) &&
    (value.versions === null || isCount(value.versions))
  );
}

function isIntent(value: unknown): boolean {
  if (!isFields(value)) return false;
  const isFileWrite = value.kind === 'put' || value.kind === 'delete';
  if (value.kind === 'configure' && typeof value.probe !== 'boolean') return false;
  return isFileWrite ? isWrite(value) : isUpkeep(value);
}

export function isWriteRequest(value: unknown): boolean {
  return (
    isFields(value) &&
    isRequestId(value.requestId) &&
    (value.since === null || isCount(value.since)) &&
    isIntent(value.intent) &&
    isConditions(value.conditions) &&
    (value.trace === undefined || isRequestId(value.trace))
  );
}
