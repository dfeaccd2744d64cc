import { type KnownPart, type PartCalls, type PartRange, sendParts } from '../sent-parts.js';
import type { Http, HttpCall, HttpFailure } from './http.js';
import { readBegun, readFields, readParts } from './http-answers.js';
import { contentHeaders, filePath } from './http-files.js';
import type { UploadOptions } from './options.js';
import type { Platform } from './platform.js';
import type { UploadResult } from './results.js';
import { readSource, type UploadSource } from './upload-source.js';
import { formatToken } from './upload-token.js';
import { rejected, type Writes } from './writes.js';

/** What an upload is given of its client. */
export interface UploadPorts {
  readonly http: Pick<Http, 'call'>;
  readonly writes: Pick<Writes, 'derive'>;
  readonly clock: { untilMs(timeoutMs?: number): number };
  readonly platform: Pick<Platform, 'monoMs' | 'md5'>;
}

export interface UploadPlan {
  readonly name: string;
  readonly source: Required<UploadSource>;
  readonly options: UploadOptions;
  readonly requestId: string;
  readonly partBytes: number;
  readonly partsAtOnce: number;
  /** An upload to go on with. */
  readonly begun: string | null;
}

interface Ended {
  readonly ok: false;
  readonly result: UploadResult;
}

/** A line is believed to carry at least this much, until a part has shown what it does. */
const LEAST_BYTES_PER_SECOND = 128 * 1024;
/** So much slower than the slowest part so far the line may become. */
const SLOWER_FACTOR = 4;

/** How long so many bytes take at the least pace. */
export function leastPaceMs(bytes: number): number {
  return (bytes / LEAST_BYTES_PER_SECOND) * 1000;
}

/** One file on its way in parts; what arrived stays for another attempt. */
export class ResumableUpload implements PartCalls<Ended> {
  private readonly path: string;
  private upload: string | null;
  private sentBytes = 0;
  private slowestPartMs = 0;

  constructor(
    private readonly ports: UploadPorts,
    private readonly plan: UploadPlan,
  ) {
    this.path = filePath(plan.name);
    this.upload = plan.begun;
  }

  async run(): Promise<UploadResult> {
    const { plan } = this;
    const { size } = plan.source;
    const sent = await sendParts<Ended>(this, {
      sizeBytes: size,
      partBytes: plan.partBytes,
      partsAtOnce: plan.partsAtOnce,
      upload: plan.begun ?? undefined,
      onUpload: (upload) => this.opened(upload),
      onBytes: (bytes) => {
        this.sentBytes += bytes;
        plan.options.onProgress?.({ sentBytes: this.sentBytes, totalBytes: size });
      },
    });
    if (!sent.ok) return sent.result;
    return this.isStopped() ? this.stopped() : this.complete(sent.value);
  }

  async begin(): Promise<{ readonly ok: true; readonly value: string } | Ended> {
    const headers = contentHeaders(this.plan.options);
    const call = this.call('POST', 'upload', { headers });
    const answer = await this.ports.http.call(call, this.untilMs(0), readBegun);
    return answer.ok ? answer : this.ended(answer);
  }

  /** One that is over may have been completed, by a request whose answer was lost: then that is it. */
  async known(
    upload: string,
  ): Promise<{ readonly ok: true; readonly value: readonly KnownPart[] | null } | Ended> {
    const call = this.call('GET', `upload=${upload}`);
    const answer = await this.ports.http.call(call, this.untilMs(0), readParts);
    if (answer.ok) return answer;
    if (answer.reason !== 'no_such_upload') return this.ended(answer);
    const result = await this.complete(upload);
    const isOver = result.outcome === 'rejected' && result.reason === 'no_such_upload';
    return isOver ? { ok: true, value: null } : { ok: false, result };
  }

  async send(upload: string, range: PartRange): Promise<Ended | null> {
    const { ports, plan } = this;
    if (this.isStopped()) return { ok: false, result: this.stopped() };
    const read = await readSource(plan.source, range.start, range.end);
    if (!read.ok) return this.refused(read.reason, read.message);
    const sentMs = ports.platform.monoMs();
    const call = this.call('PUT', `upload=${upload}&part=${range.part}`, { body: read.value });
    const answer = await ports.http.call(call, this.untilMs(this.partMs(range)), readFields);
    if (!answer.ok) return this.ended(answer);
    this.slowestPartMs = Math.max(this.slowestPartMs, ports.platform.monoMs() - sentMs);
    return null;
  }

  async isSame({ start, end }: PartRange, there: KnownPart): Promise<boolean> {
    const { ports, plan } = this;
    // Where there is no MD5, the source has to vouch for itself.
    if (ports.platform.md5 === undefined) return plan.source.fingerprint !== '';
    const read = await readSource(plan.source, start, end);
    return read.ok && ports.platform.md5(read.value) === there.md5;
  }

  private async opened(upload: string): Promise<void> {
    this.upload = upload;
    const resume = this.resume();
    if (resume !== null) await this.plan.options.onResumable?.(resume);
  }

  private async complete(upload: string): Promise<UploadResult> {
    const { name, source, options, requestId } = this.plan;
    const { signal: _, ...write } = options;
    const action = `upload=${upload}&size=${source.size}`;
    const result = await this.ports.writes.derive(name, action, { ...write, requestId });
    return { ...result, resume: result.outcome === 'committed' ? null : this.resume() };
  }

  private call(
    method: HttpCall['method'],
    query: string,
    more: Pick<HttpCall, 'headers' | 'body'> = {},
  ): HttpCall {
    return { method, path: `${this.path}?${query}`, signal: this.plan.options.signal, ...more };
  }

  private untilMs(transferMs: number): number {
    return this.ports.clock.untilMs(this.plan.options.timeoutMs) + transferMs;
  }

  /** What the bytes of a part are given, at two sites one after the other. */
  private partMs({ start, end }: PartRange): number {
    const { slowestPartMs, plan } = this;
    const inFlightMs = leastPaceMs((end - start) * plan.partsAtOnce);
    return 2 * (slowestPartMs === 0 ? inFlightMs : SLOWER_FACTOR * slowestPartMs);
  }

  private resume(): string | null {
    const { upload, plan } = this;
    const { name, source, partBytes } = plan;
    if (upload === null) return null;
    const { size, fingerprint } = source;
    return formatToken({ name, upload, size, partBytes, fingerprint });
  }

  private isStopped(): boolean {
    return this.plan.options.signal?.aborted === true;
  }

  private stopped(): UploadResult {
    const { requestId } = this.plan;
    return { outcome: 'stopped', resume: this.resume(), requestId };
  }

  /** Of the file nothing is changed before its upload is completed. */
  private ended({ reason, message, currentVersion }: HttpFailure): Ended {
    if (reason === 'aborted') return { ok: false, result: this.stopped() };
    return this.refused(reason, message, currentVersion);
  }

  private refused(reason: string, message: string, current: number | null = null): Ended {
    const result = { ...rejected(reason, this.plan.requestId, current), message };
    return { ok: false, result: { ...result, resume: this.resume() } };
  }
}
