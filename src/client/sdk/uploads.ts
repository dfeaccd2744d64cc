import type { Http } from './http.js';
import { filePath, hasAddress } from './http-files.js';
import { checkWriteOptions, isSendableName, type UploadOptions } from './options.js';
import type { Platform } from './platform.js';
import { type DiscardResult, failed, type UploadResult } from './results.js';
import { leastPaceMs, ResumableUpload, type UploadPorts } from './resumable-upload.js';
import { readSource, sourceOf, type UploadSource } from './upload-source.js';
import { isPartBytes, parseToken, type UploadToken } from './upload-token.js';
import { rejected, type WriteClock, type Writes } from './writes.js';

const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 3;
const PARTS_AT_ONCE_LIMIT = 8;

export interface UploadClock extends WriteClock {
  readonly timeoutMs: number;
  untilMs(timeoutMs?: number): number;
}

/** Content of any size: what is small as one write, what is larger in parts. */
export class Uploads {
  constructor(
    private readonly http: Http,
    private readonly writes: Writes,
    private readonly clock: UploadClock,
    private readonly platform: Platform,
  ) {}

  async upload(
    name: string,
    given: Uint8Array | UploadSource,
    options: UploadOptions,
  ): Promise<UploadResult> {
    checkUploadOptions(options);
    const source = sourceOf(given, options.fingerprint);
    const { requestId } = this.clock.identify(options, 0);
    const refused = (reason: string, resume: string | null): UploadResult => {
      return { ...rejected(reason, requestId), resume };
    };
    if (!isSendableName(name) || !hasAddress(name)) return refused('invalid_name', null);
    const { resume, partBytes = PART_BYTES, partsAtOnce = PARTS_AT_ONCE } = options;
    if (options.signal?.aborted) {
      return { outcome: 'stopped', resume: resume ?? null, requestId };
    }
    if (resume === undefined && source.size <= partBytes) {
      return this.whole(name, source, options, requestId);
    }
    let token: UploadToken | null = null;
    if (resume !== undefined) {
      token = parseToken(resume);
      if (token?.name !== name) return refused('invalid_resume', null);
      const isSource = token.size === source.size && token.fingerprint === source.fingerprint;
      if (!isSource) return refused('source_changed', resume);
    }
    const upload = new ResumableUpload(this.ports(), {
      name,
      source,
      options,
      requestId,
      partsAtOnce,
      partBytes: token?.partBytes ?? partBytes,
      begun: token?.upload ?? null,
    });
    return upload.run();
  }

  async discard(resume: string, timeoutMs: number | undefined): Promise<DiscardResult> {
    const token = parseToken(resume);
    if (token === null) return failed('invalid_resume');
    const call = {
      method: 'DELETE',
      path: `${filePath(token.name)}?upload=${token.upload}`,
    } as const;
    const done = (): Promise<true> => Promise.resolve(true);
    const answer = await this.http.call(call, this.clock.untilMs(timeoutMs), done);
    if (answer.ok) return { outcome: 'discarded' };
    if (answer.reason === 'no_such_upload') return { outcome: 'absent' };
    return failed(answer.reason, answer.message);
  }

  private async whole(
    name: string,
    source: UploadSource,
    options: UploadOptions,
    requestId: string,
  ): Promise<UploadResult> {
    const read = await readSource(source, 0, source.size);
    if (!read.ok) {
      return { ...rejected(read.reason, requestId), message: read.message, resume: null };
    }
    const timeoutMs = (options.timeoutMs ?? this.clock.timeoutMs) + leastPaceMs(source.size);
    const result = await this.writes.put(name, read.value, { ...options, requestId, timeoutMs });
    if (result.outcome === 'rejected' && result.reason === 'aborted') {
      return { outcome: 'stopped', resume: null, requestId };
    }
    if (result.outcome === 'committed') {
      options.onProgress?.({ sentBytes: source.size, totalBytes: source.size });
    }
    return { ...result, resume: null };
  }

  private ports(): UploadPorts {
    const { http, writes, clock, platform } = this;
    return { http, writes, clock, platform };
  }
}

/** Throws TypeError for a mistake in how an upload is asked for. */
function checkUploadOptions(options: UploadOptions): void {
  checkWriteOptions(options);
  const { partBytes, partsAtOnce = 1, resume = '' } = options;
  if (partBytes !== undefined && !isPartBytes(partBytes)) {
    throw new TypeError('partBytes is a number from 5 MiB to 1 GiB');
  }
  const isLanes = Number.isInteger(partsAtOnce) && partsAtOnce >= 1;
  if (!isLanes || partsAtOnce > PARTS_AT_ONCE_LIMIT) {
    throw new TypeError(`partsAtOnce is 1 to ${PARTS_AT_ONCE_LIMIT}`);
  }
  if (typeof resume !== 'string') throw new TypeError('resume is what an upload gave as that');
}
