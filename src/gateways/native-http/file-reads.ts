import type { FileVersion } from '../service-types.js';
import type { Consistency, FileService, ReadFailure, Served } from '../../site/file-service.js';
import { ContentLost } from '../../site/file-service.js';
import { CONTENT_TYPE_KEY, DEFAULT_CONTENT_TYPE, USER_METADATA_PREFIX } from '../file-metadata.js';
import { entityTag, readTagList, tagsInclude } from './conditions.js';
import { holdAnswer } from '../caller-shares.js';
import { sendContent } from '../http-content.js';
import type { FlatHeaders } from '../http-exchange.js';
import type { Exchange } from './exchange.js';
import { addServed, sendProblem } from './exchange.js';
import type { Refusal } from './problem.js';
import { refusal } from './problem.js';
import { readRange } from './range.js';

export type ReadConsistency = { readonly ok: true; readonly value: Consistency } | Refusal;

const STRONG: ReadConsistency = { ok: true, value: 'strong' };
const VALIDATE: ReadConsistency = { ok: true, value: 'validate' };
const LOCAL: ReadConsistency = { ok: true, value: 'local' };

export function readConsistency(exchange: Exchange): ReadConsistency {
  const value = exchange.request.headers['quorate-consistency'];
  if (value === undefined || value === 'strong') return STRONG;
  if (value === 'local') return LOCAL;
  if (value === 'validate') return VALIDATE;
  return refusal('invalid_header', 'Quorate-Consistency has to be "strong", "validate" or "local"');
}

export function sendReadFailure(exchange: Exchange, failure: ReadFailure): void {
  sendProblem(
    exchange,
    { ok: false, code: failure.reason, detail: failure.message },
    { current: failure.tombstone },
  );
}

/** What goes with a file's bytes, and what is answered in their place. */
export interface FileAnswer {
  readonly headers: (file: FileVersion, served: Served, requestId: string) => FlatHeaders;
  readonly fail: (exchange: Exchange, failure: ReadFailure) => void;
}

const PLAIN: FileAnswer = { headers: fileHeaders, fail: sendReadFailure };

/** GET and HEAD of a file, or of one of its versions. */
export async function answerFile(
  exchange: Exchange,
  name: string,
  version: number | undefined,
  answer: FileAnswer = PLAIN,
): Promise<void> {
  const consistency = readConsistency(exchange);
  if (!consistency.ok) return sendProblem(exchange, consistency);
  const { measured } = exchange;
  const startMs = performance.now();
  // Past the measured service: a promise more would cost a read under lease a tenth of its time.
  const opened = await (measured?.service ?? exchange.service).open(
    name,
    readOptions(exchange, consistency.value, version),
  );
  measured?.opened(name, opened, startMs);
  if (!opened.ok) return answer.fail(exchange, opened);
  const { file } = opened;
  const { method, headers: asked } = exchange.request;
  const etag = file.content?.etag ?? '';
  const condition = judgeConditions(exchange, etag);
  if (typeof condition === 'object') return sendProblem(exchange, condition, { current: file });
  const headers = answer.headers(file, opened.served, exchange.requestId);
  if (condition === 'not_modified') {
    exchange.response.writeHead(304, headers);
    exchange.response.end();
    return;
  }
  const size = file.content?.size ?? 0;
  let range = { start: 0, end: size };
  let status = 200;
  const ifRange = asked['if-range'];
  if (asked.range !== undefined && (ifRange === undefined || ifRange === entityTag(etag))) {
    const read = readRange(asked.range, size);
    if (!read.ok) {
      return sendProblem(exchange, read, { headers: ['Content-Range', `bytes */${size}`] });
    }
    ({ range } = read);
    status = 206;
    headers.push('Content-Range', `bytes ${range.start}-${range.end - 1}/${size}`);
  }
  const length = range.end - range.start;
  if (method === 'HEAD') {
    headers.push('Content-Length', String(length));
    exchange.response.writeHead(status, headers);
    exchange.response.end();
    return;
  }
  const refused = holdAnswer(exchange, length);
  if (refused !== null) return sendProblem(exchange, refusal('overloaded', refused.message));
  const body = status === 206 ? opened.body(range) : opened.body();
  await sendContent(exchange, { status, headers, length }, body, (error) =>
    sendProblem(exchange, lost(error)),
  );
}

/** How a file is opened here; what is measured is named along. */
function readOptions(
  { measured }: Exchange,
  consistency: Consistency,
  version: number | undefined,
): Parameters<FileService['open']>[1] {
  return {
    consistency,
    ...(version !== undefined && { version }),
    ...(measured !== null && { trace: measured.trace }),
  };
}

function judgeConditions(exchange: Exchange, etag: string): 'read' | 'not_modified' | Refusal {
  const { headers } = exchange.request;
  const match = headers['if-match'];
  if (match !== undefined) {
    const list = readTagList('If-Match', match, true);
    if (!list.ok) return list;
    if (!tagsInclude(list.tags, etag)) {
      return refusal('precondition_failed', 'the file does not have an etag of If-Match');
    }
  }
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) {
    const list = readTagList('If-None-Match', noneMatch, false);
    if (!list.ok) return list;
    if (tagsInclude(list.tags, etag)) return 'not_modified';
  }
  return 'read';
}

const SENDABLE = /^[\x20-\x7e\t]*$/;

function fileHeaders(file: FileVersion, served: Served, requestId: string): FlatHeaders {
  const { metadata } = file;
  const contentType = metadata[CONTENT_TYPE_KEY] ?? DEFAULT_CONTENT_TYPE;
  const headers = [
    'Content-Type',
    SENDABLE.test(contentType) ? contentType : DEFAULT_CONTENT_TYPE,
    'ETag',
    entityTag(file.content?.etag ?? ''),
    'Last-Modified',
    new Date(file.modifiedMs).toUTCString(),
    'Accept-Ranges',
    'bytes',
    // What users store must not act in the name of this origin when a browser opens it.
    'Content-Security-Policy',
    'sandbox',
    'X-Content-Type-Options',
    'nosniff',
    'Quorate-Version',
    String(file.version),
    'Quorate-Epoch',
    String(file.epoch),
    'Quorate-Request-Id',
    requestId,
  ];
  addServed(headers, served);
  for (const key in metadata) {
    if (!key.startsWith(USER_METADATA_PREFIX)) continue;
    const value = metadata[key]!;
    headers.push(
      `Quorate-Meta-${encodeURIComponent(key.slice(USER_METADATA_PREFIX.length))}`,
      SENDABLE.test(value) ? value : encodeURIComponent(Buffer.from(value).toString()),
    );
  }
  return headers;
}

function lost(error: unknown): Refusal {
  if (error instanceof ContentLost) return refusal('content_lost', error.message);
  throw error;
}
