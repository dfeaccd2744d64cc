import type { ObjectService } from '../../../site/object-service.js';
import {
  beginUpload,
  completionId,
  endUpload,
  findUpload,
  type Part,
  PART_LEAST_BYTES,
  PART_LIMIT,
  partsOf,
  putPart,
  type Upload,
  type UploadFailure,
} from '../../../site/uploads.js';
import { bucketOf } from '../../../site/site-names.js';
import { requestBody } from '../../http-body.js';
import { send } from '../../http-exchange.js';
import { fileNeed, judged } from '../access/permission.js';
import { type Exchange, sendJson, sendProblem, sendUncommitted } from '../exchange.js';
import { sendReadFailure } from '../file-reads.js';
import { sendOutcome } from '../file-writes.js';
import { type Refusal, refusal } from '../problem.js';
import { readNumber, readQuery } from '../request-target.js';
import { readWriteOptions } from '../write-options.js';
import { completedBefore, UPLOAD_FIELD } from './completed-upload.js';

/*
 * Large files in parts, so that what was sent stays sent: `?upload` on a file's name. POST begins one,
 * PUT with `&part=N` sends a part of it, GET says which parts there are, POST of its id completes it,
 * DELETE gives it up. They are the same uploads as S3 has, and end like those after a week.
 */

/** The longest part. */
export const PART_MOST_BYTES = 1024 * 1024 * 1024;

export function isUploadQuery(query: string): boolean {
  return /(?:^|&)upload(?:=|&|$)/.test(query);
}

export function answerUpload(
  exchange: Exchange,
  name: string,
  query: string,
): Promise<void> | void {
  const { objects } = exchange;
  const parameters = readQuery(query, ['upload', 'part', 'size']);
  if (!parameters.ok) return sendProblem(exchange, parameters);
  if (objects === null) {
    return sendProblem(exchange, refusal('not_offered', 'this site takes no uploads in parts'));
  }
  const { values } = parameters;
  const id = values.get('upload') ?? '';
  const act = actOf({ exchange, objects, name, id }, values);
  if (typeof act === 'object') return sendProblem(exchange, act);
  // Also to see the parts: they tell what somebody writes.
  return judged(exchange, [fileNeed(name, 'write')], act);
}

interface Asked {
  readonly exchange: Exchange;
  readonly objects: ObjectService;
  readonly name: string;
  /** '' for a new one. */
  readonly id: string;
}

function actOf(
  asked: Asked,
  values: ReadonlyMap<string, string>,
): (() => Promise<void> | void) | Refusal {
  const part = readNumber(values, 'part', 1, PART_LIMIT);
  if (!part.ok) return part;
  const size = readNumber(values, 'size', 0, Number.MAX_SAFE_INTEGER);
  if (!size.ok) return size;
  const { method } = asked.exchange.request;
  const wanted = (key: string): Refusal =>
    refusal('missing_parameter', `${method} of an upload needs "${key}"`);
  switch (method) {
    case 'POST':
      if (asked.id === '') return () => begin(asked);
      return size.value === undefined ? wanted('size') : () => complete(asked, size.value ?? 0);
    case 'PUT':
      return part.value === undefined ? wanted('part') : () => receive(asked, part.value ?? 0);
    case 'GET':
    case 'HEAD':
      return () => show(asked);
    case 'DELETE':
      return () => abandon(asked);
    default:
      return refusal('method_not_allowed', 'an upload knows GET, HEAD, PUT, POST and DELETE');
  }
}

async function begin({ exchange, objects, name }: Asked): Promise<void> {
  const read = readWriteOptions(exchange, true);
  if (!read.ok) return sendProblem(exchange, read);
  const bucket = bucketOf(name);
  const state = await objects.bucket(bucket);
  if (!state.ok) return sendReadFailure(exchange, state);
  const begun = await beginUpload(objects, {
    bucket,
    key: name.slice(bucket.length + 1),
    initiator: exchange.caller.keyId,
    metadata: read.options.metadata ?? {},
    checksum: null,
  });
  if (!begun.ok) return sendUploadFailure(exchange, begun);
  sendJson(exchange, 201, {
    upload: begun.id,
    partLeastBytes: PART_LEAST_BYTES,
    partMostBytes: PART_MOST_BYTES,
    parts: PART_LIMIT,
  });
}

/** A part that comes again replaces the one before it. */
async function receive(asked: Asked, partNumber: number): Promise<void> {
  const { exchange, objects } = asked;
  const upload = await find(asked);
  if (upload === null) return;
  const announced = exchange.request.headers['content-length'];
  const size = announced === undefined ? undefined : Number(announced);
  if (size === undefined || size > PART_MOST_BYTES) {
    const detail = `a part says its length, of at most ${PART_MOST_BYTES} bytes`;
    return sendProblem(
      exchange,
      refusal(size === undefined ? 'invalid_header' : 'too_large', detail),
    );
  }
  const stored = await objects.store(requestBody(exchange, size), {
    digests: ['md5'],
    size,
    positionBytes: (partNumber - 1) * size,
  });
  if (!stored.ok) return sendProblem(exchange, refusal(stored.reason, stored.message));
  const { content, digests } = stored;
  const md5 = digests.md5 ?? '';
  const kept = await putPart(objects, upload.id, partNumber, { content, md5, checksum: '' });
  if (!kept.ok) return sendUploadFailure(exchange, kept);
  sendJson(exchange, 200, { part: partNumber, size: content.size, md5 });
}

async function show(asked: Asked): Promise<void> {
  const { exchange, objects } = asked;
  const upload = await find(asked);
  if (upload === null) return;
  const listed = await partsOf(objects, upload.id, 0, PART_LIMIT);
  if (!listed.ok) return sendUploadFailure(exchange, listed);
  sendJson(exchange, 200, {
    upload: upload.id,
    begun: new Date(upload.initiatedMs).toISOString(),
    parts: listed.parts.map(({ partNumber, size, md5 }) => ({ part: partNumber, size, md5 })),
  });
}

async function abandon(asked: Asked): Promise<void> {
  const { exchange, objects } = asked;
  const upload = await find(asked);
  if (upload === null) return;
  const failure = await endUpload(objects, upload);
  if (failure !== null) return sendUploadFailure(exchange, failure);
  send(exchange, 204, [], '');
}

/** All parts in a row become the file's next version. `size` is what they have to be together. */
async function complete(asked: Asked, size: number): Promise<void> {
  const { exchange, objects, name, id } = asked;
  const read = readWriteOptions(exchange, false);
  if (!read.ok) return sendProblem(exchange, read);
  const { requestId } = read.options;
  const before = await completedBefore(objects, name, id);
  if (before !== null) return sendOutcome(exchange, before, requestId);
  const upload = await find(asked);
  if (upload === null) return;
  const listed = await partsOf(objects, upload.id, 0, PART_LIMIT);
  if (!listed.ok) return sendUploadFailure(exchange, listed);
  const fault = partsFault(listed.parts, size);
  if (fault !== null) return sendProblem(exchange, refusal('upload_incomplete', fault));
  const joined = await objects.join(listed.parts.map(({ content }) => content));
  if (!joined.ok) return sendProblem(exchange, refusal(joined.reason, joined.message));
  const outcome = await objects.put(name, joined.content, {
    ...read.options,
    // Whoever completes it again, and however often: it is the same write.
    requestId: completionId(upload.id),
    metadata: { ...upload.metadata, [UPLOAD_FIELD]: upload.id },
  });
  if (outcome.outcome === 'committed') await endUpload(objects, upload);
  sendOutcome(exchange, outcome, requestId);
}

function partsFault(parts: readonly Part[], size: number): string | null {
  const missing = parts.findIndex(({ partNumber }, index) => partNumber !== index + 1);
  if (missing >= 0) return `part ${missing + 1} is missing`;
  const small = parts.slice(0, -1).find((part) => part.size < PART_LEAST_BYTES);
  if (small !== undefined) {
    return `part ${small.partNumber} is shorter than ${PART_LEAST_BYTES} bytes and not the last`;
  }
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  if (parts.length > 0 && total === size) return null;
  return `there are ${parts.length} parts of ${total} bytes together, not of ${size}`;
}

/** Null: it was answered that there is none. */
async function find({ exchange, objects, name, id }: Asked): Promise<Upload | null> {
  const bucket = bucketOf(name);
  const found = await findUpload(objects, bucket, name.slice(bucket.length + 1), id);
  if (found.ok) return found.upload;
  sendUploadFailure(exchange, found);
  return null;
}

function sendUploadFailure(exchange: Exchange, failure: UploadFailure): void {
  switch (failure.reason) {
    case 'no_such_upload':
      return sendProblem(exchange, refusal(failure.reason, failure.message));
    case 'not_written':
      return sendUncommitted(exchange, failure.outcome, exchange.requestId);
    default:
      return sendReadFailure(exchange, failure);
  }
}
