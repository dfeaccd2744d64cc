import { INLINE_LIMIT_BYTES } from '../../protocol/file-version.js';
import type { SessionWrite, SessionWriteAnswer } from '../../protocol/client/messages.js';
import type { WriteConditions } from '../../protocol/request.js';
import { type HttpFiles, type IdentifiedWrite, hasAddress } from './http-files.js';
import {
  type Content,
  checkWriteOptions,
  isSendableName,
  type PutOptions,
  type Stoppable,
  type WriteOptions,
} from './options.js';
import type { Requests } from './requests.js';
import { messageOf, type WriteResult } from './results.js';
import type { SeenVersions } from './seen-versions.js';
import { metadataOf } from './shown-file.js';

const encoder = new TextEncoder();

export interface WriteClock {
  /** Ids, moments and positions for new writes. `size`: of the content that has to travel. */
  identify(options: WriteOptions & Stoppable, size: number): IdentifiedWrite;
}

/** Writes, by the way that suits their size, under one request id each. */
export class Writes {
  constructor(
    private readonly requests: Requests,
    private readonly files: HttpFiles,
    private readonly seen: SeenVersions,
    private readonly clock: WriteClock,
  ) {}

  async put(name: string, content: Content, options: PutOptions & Stoppable): Promise<WriteResult> {
    checkWriteOptions(options);
    const bytes = typeof content === 'string' ? encoder.encode(content) : content;
    if (!(bytes instanceof Uint8Array || bytes instanceof Blob)) {
      throw new TypeError('content is a string, a Uint8Array or a Blob');
    }
    const size = bytes instanceof Uint8Array ? bytes.length : bytes.size;
    const write = this.clock.identify(options, size);
    if (size > INLINE_LIMIT_BYTES) {
      return this.overHttp(name, write, () => this.files.put(name, bytes, options, write));
    }
    // A copy: what is cached must not change with the caller's buffer.
    const small = new Uint8Array(bytes instanceof Uint8Array ? bytes : await bytes.arrayBuffer());
    const metadata = metadataOf(options.contentType, options.metadata);
    return this.overSession({ kind: 'put', name, bytes: small, metadata }, options, write);
  }

  async remove(name: string, options: WriteOptions): Promise<WriteResult> {
    checkWriteOptions(options);
    return this.overSession({ kind: 'delete', name }, options, this.clock.identify(options, 0));
  }

  /** `action`: the query of a write that moves no bytes; `names`: all that it speaks of. */
  async derive(
    name: string,
    action: string,
    options: WriteOptions,
    ...others: readonly string[]
  ): Promise<WriteResult> {
    checkWriteOptions(options);
    const write = this.clock.identify(options, 0);
    if (!others.every(isSendableName)) return rejected('invalid_name', write.requestId);
    return this.overHttp(name, write, () => this.files.derive(name, action, options, write));
  }

  private async overHttp(
    name: string,
    { requestId }: IdentifiedWrite,
    send: () => Promise<WriteResult>,
  ): Promise<WriteResult> {
    if (!isSendableName(name) || !hasAddress(name)) return rejected('invalid_name', requestId);
    return this.noted(await send());
  }

  private async overSession(
    write: SessionWrite,
    options: WriteOptions,
    { requestId, untilMs }: IdentifiedWrite,
  ): Promise<WriteResult> {
    if (!isSendableName(write.name)) return rejected('invalid_name', requestId);
    const { ifVersion, ifAbsent } = options;
    const conditions: WriteConditions = {
      ...(ifVersion !== undefined && { ifVersion }),
      ...(ifAbsent !== undefined && { ifAbsent }),
    };
    const answer = await this.requests.write({ requestId, write, conditions }, untilMs);
    return this.noted(shownAnswer(answer, requestId));
  }

  private noted(result: WriteResult): WriteResult {
    if (result.outcome === 'committed') this.seen.note(result.name, result.version);
    return result;
  }
}

function shownAnswer(answer: SessionWriteAnswer, requestId: string): WriteResult {
  switch (answer.outcome) {
    case 'committed':
      return {
        outcome: 'committed',
        name: answer.name,
        version: answer.version,
        requestId,
      };
    case 'unknown': {
      const { reason } = answer;
      return { outcome: 'unknown', reason, message: messageOf(reason), requestId };
    }
    case 'refused':
      return rejected(answer.reason, requestId);
    case 'rejected': {
      const { current, reason } = answer;
      return rejected(reason, requestId, current?.deleted === false ? current.version : null);
    }
  }
}

export function rejected(
  reason: string,
  requestId: string,
  currentVersion: number | null = null,
): Extract<WriteResult, { outcome: 'rejected' }> {
  return { outcome: 'rejected', reason, message: messageOf(reason), currentVersion, requestId };
}
