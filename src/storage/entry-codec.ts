import { Packr, RESET_BUFFER_MODE } from 'msgpackr';
import type { Content, Metadata } from '../protocol/file-version.js';
import type {
  Configuration,
  LogEntry,
  NamePattern,
  Operation,
  RetentionRule,
} from '../protocol/log-entry.js';

/*
 * How log entries and contents are laid out on disk: msgpack arrays with a leading version. Version
 * history: 1, the first; 2, writes may erase versions, deletes may have metadata, and history is kept
 * by rules of buckets; 3, of changes of sites alone, so that an earlier program refuses just these. All
 * are read.
 * Bytes from the disk are checked field by field; any bytes give a value or undefined.
 */

const ENTRY_VERSION = 2;
const CONFIGURE_VERSION = 3;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

export function pack(value: unknown): Buffer {
  return packr.pack(value);
}

/** The same in memory that is used again: whoever packs anything else must have taken a copy. */
export function packBriefly(value: unknown): Buffer {
  return packr.pack(value, RESET_BUFFER_MODE);
}

/** The value, or undefined for bytes that are not msgpack. */
export function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch {
    return undefined;
  }
}

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/**
 * Packs everything of an entry but its epoch and seq, which the record around it carries. In memory
 * that is used again, as `packBriefly`.
 */
export function encodeEntry(entry: LogEntry): Buffer {
  const { atMs, requestId, operation } = entry;
  const isOfSites = operation.kind === 'configure' || operation.kind === 'configured';
  const version = isOfSites ? CONFIGURE_VERSION : ENTRY_VERSION;
  return packBriefly([version, atMs, requestId, ...operationFields(operation)]);
}

function operationFields(operation: Operation): readonly unknown[] {
  switch (operation.kind) {
    case 'noop':
      return ['noop'];
    case 'put':
      return [
        'put',
        operation.name,
        operation.version,
        packContent(operation.content),
        packMetadata(operation.metadata),
        ...trailing(operation.restored, operation.erases),
      ];
    case 'delete': {
      const { kind, name, version, metadata, erases } = operation;
      return [kind, name, version, ...trailing(metadata && packMetadata(metadata), erases)];
    }
    case 'retain':
      return retainFields(operation);
    case 'move-out':
    case 'move-back': {
      const { kind, pattern, tableVersion, to } = operation;
      return [kind, packPattern(pattern), tableVersion, to];
    }
    case 'move-in':
      return [operation.kind, packPattern(operation.pattern), operation.tableVersion];
    case 'configure':
      return [operation.kind, packConfiguration(operation.configuration)];
    case 'configured':
      return [operation.kind, operation.version];
  }
}

function retainFields(operation: Extract<Operation, { kind: 'retain' }>): readonly unknown[] {
  const { kind, beforeMs, rules, countFromMs } = operation;
  if (rules === undefined && countFromMs === undefined) return [kind, beforeMs];
  const packed = (rules ?? []).map((rule) => [rule.bucket, rule.beforeMs, rule.versions]);
  return [kind, beforeMs, packed, countFromMs ?? null];
}

/** Fields that most entries do without, as few of them as needed. */
function trailing(first: unknown, erases: readonly number[] | undefined): readonly unknown[] {
  if (erases !== undefined) return [first ?? null, erases];
  return first === undefined ? [] : [first];
}

export function decodeEntry(epoch: number, seq: number, bytes: Uint8Array): LogEntry | undefined {
  const fields = unpack(bytes);
  if (!Array.isArray(fields) || !isKnownVersion(fields[0])) return undefined;
  const [, atMs, requestId] = fields as unknown[];
  if (typeof atMs !== 'number' || !isText(requestId)) return undefined;
  const operation = operationOf((fields as unknown[]).slice(3));
  return operation && { epoch, seq, atMs, requestId, operation };
}

function isKnownVersion(value: unknown): boolean {
  return value === 1 || value === ENTRY_VERSION || value === CONFIGURE_VERSION;
}

function operationOf(fields: readonly unknown[]): Operation | undefined {
  const [kind, first, second, third, fourth, fifth = null, sixth] = fields;
  switch (kind) {
    case 'noop':
      return { kind };
    case 'put': {
      const content = unpackContent(third);
      const metadata = unpackMetadata(fourth);
      if (!isText(first) || !isCount(second) || !content || !metadata) return undefined;
      const erased = unpackErases(sixth);
      if (!erased || (fifth !== null && !isCount(fifth))) return undefined;
      const restored = fifth === null ? undefined : { restored: fifth };
      return { kind, name: first, version: second, content, metadata, ...restored, ...erased };
    }
    case 'delete': {
      const metadata = third === undefined || third === null ? {} : unpackMetadata(third);
      const erased = unpackErases(fourth);
      if (!isText(first) || !isCount(second) || !metadata || !erased) return undefined;
      const about = Array.isArray(third) ? { metadata } : undefined;
      return { kind, name: first, version: second, ...about, ...erased };
    }
    case 'retain':
      return unpackRetain(first, second, third);
    case 'move-out':
    case 'move-in':
    case 'move-back': {
      const pattern = unpackPattern(first);
      if (!pattern || !isCount(second)) return undefined;
      if (kind === 'move-in') return { kind, pattern, tableVersion: second };
      return isText(third) ? { kind, pattern, tableVersion: second, to: third } : undefined;
    }
    case 'configure': {
      const configuration = unpackConfiguration(first);
      return configuration && { kind, configuration };
    }
    case 'configured':
      return isCount(first) ? { kind, version: first } : undefined;
    default:
      return undefined;
  }
}

function unpackRetain(
  beforeMs: unknown,
  packed: unknown,
  countFromMs: unknown,
): Operation | undefined {
  if (typeof beforeMs !== 'number') return undefined;
  if (packed === undefined) return { kind: 'retain', beforeMs };
  if (!Array.isArray(packed)) return undefined;
  const rules = packed.map(unpackRule);
  const isFrom = typeof countFromMs === 'number';
  if (!rules.every((rule) => rule !== undefined) || (countFromMs !== null && !isFrom)) {
    return undefined;
  }
  return { kind: 'retain', beforeMs, rules, ...(isFrom && { countFromMs }) };
}

function unpackRule(value: unknown): RetentionRule | undefined {
  if (!Array.isArray(value)) return undefined;
  const [bucket, beforeMs, versions] = value as unknown[];
  if (!isText(bucket) || typeof beforeMs !== 'number') return undefined;
  return versions === null || isCount(versions) ? { bucket, beforeMs, versions } : undefined;
}

function unpackErases(value: unknown): { erases?: readonly number[] } | undefined {
  if (value === undefined) return {};
  return Array.isArray(value) && value.every(isCount) ? { erases: value } : undefined;
}

export function packConfiguration(configuration: Configuration): readonly unknown[] {
  const { version, sites, since, writeQuorum } = configuration;
  return [version, sites, Object.entries(since).sort(), writeQuorum];
}

export function unpackConfiguration(value: unknown): Configuration | undefined {
  if (!Array.isArray(value)) return undefined;
  const [version, sites, since, writeQuorum] = value as unknown[];
  if (!isCount(version) || !isCount(writeQuorum)) return undefined;
  if (!Array.isArray(sites) || !sites.every(isText) || !Array.isArray(since)) return undefined;
  const named = since.filter(
    (pair): pair is [string, number] => Array.isArray(pair) && isText(pair[0]) && isCount(pair[1]),
  );
  if (named.length !== since.length) return undefined;
  return { version, sites, since: Object.fromEntries(named), writeQuorum };
}

export function packPattern(pattern: NamePattern): readonly unknown[] {
  return pattern.kind === 'exact' ? ['exact', pattern.name] : ['prefix', pattern.prefix];
}

export function unpackPattern(value: unknown): NamePattern | undefined {
  if (!Array.isArray(value)) return undefined;
  const [kind, text] = value as unknown[];
  if (!isText(text)) return undefined;
  if (kind === 'exact') return { kind, name: text };
  return kind === 'prefix' ? { kind, prefix: text } : undefined;
}

/** Metadata as a flat list of keys and values, so that no key is special to an object. */
export function packMetadata(metadata: Metadata): readonly string[] {
  return Object.entries(metadata).flat();
}

export function unpackMetadata(value: unknown): Metadata | undefined {
  if (!Array.isArray(value)) return undefined;
  if (value.length === 0) return {};
  if (value.length % 2 !== 0 || !value.every(isText)) return undefined;
  const pairs: [string, string][] = [];
  for (let i = 0; i < value.length; i += 2) pairs.push([value[i] ?? '', value[i + 1] ?? '']);
  return Object.fromEntries(pairs);
}

export function packContent(content: Content): readonly unknown[] {
  return content.kind === 'inline'
    ? ['inline', content.size, content.etag, content.bytes]
    : ['chunked', content.size, content.etag, content.chunks.flatMap((c) => [c.hash, c.size])];
}

export function unpackContent(value: unknown): Content | undefined {
  if (!Array.isArray(value)) return undefined;
  const [kind, size, etag, body] = value as unknown[];
  if (!isCount(size) || !isText(etag)) return undefined;
  if (kind === 'inline') {
    if (!(body instanceof Uint8Array) || body.length !== size) return undefined;
    // A copy: the decoded bytes may point into a read buffer much larger than themselves.
    return { kind, size, etag, bytes: new Uint8Array(body) };
  }
  if (kind !== 'chunked' || !Array.isArray(body) || body.length % 2 !== 0) return undefined;
  const chunks = [];
  for (let i = 0; i < body.length; i += 2) {
    const [hash, chunkSize] = [body[i] as unknown, body[i + 1] as unknown];
    if (!isText(hash) || !isCount(chunkSize)) return undefined;
    chunks.push({ hash, size: chunkSize });
  }
  return { kind, size, etag, chunks };
}
