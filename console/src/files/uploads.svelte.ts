import { adviceOn, type UploadResult } from '../api/sdk.ts';
import { store } from '../app/store.svelte.ts';
import type { LocalFile } from './dropped-files.ts';
import { keptUploads } from './kept-uploads.ts';

export type UploadState = 'waiting' | 'sending' | 'paused' | 'done' | 'failed';

const AT_ONCE = 4;
const ATTEMPTS = 6;
const PAUSE_MS = [400, 8000] as const;

/** One file on its way. */
export class Upload {
  state = $state<UploadState>('waiting');
  sentBytes = $state(0);
  message = $state('');
  readonly requestId = crypto.randomUUID();
  attempts = 0;
  stop: AbortController | null = null;

  constructor(
    readonly id: number,
    readonly name: string,
    readonly file: File,
  ) {}
}

/**
 * Everything that is uploaded from this page: a few files at a time, each tried again when the
 * connection or the site fails, under one request id. A pause stops the files that are under way:
 * what goes in parts goes on after it where it was, what is small begins anew. What is shown is counted as it
 * changes, and never by looking through all of them: there may be very many.
 */
class Uploads {
  count = $state(0);
  totalBytes = $state(0);
  sentBytes = $state(0);
  done = $state(0);
  paused = $state(false);
  /** Being sent, or paused while they were. */
  active = $state.raw<readonly Upload[]>([]);
  failed = $state.raw<readonly Upload[]>([]);
  /** Those before `head` have had their turn. */
  private queue: Upload[] = [];
  private head = $state(0);
  private nextId = 1;
  /** Raised when the list is closed: what was under way then counts no more. */
  private run = 0;

  readonly busy = $derived(this.done + this.failed.length < this.count);

  /** The first that wait for their turn. */
  waiting(limit: number): readonly Upload[] {
    return this.queue.slice(this.head, this.head + limit);
  }

  add(bucket: string, folder: string, files: readonly LocalFile[]): void {
    if (!this.busy) this.reset();
    for (const { path, file } of files) {
      this.queue.push(new Upload(this.nextId++, `${bucket}/${folder}${path}`, file));
      this.totalBytes += file.size;
    }
    this.count += files.length;
    this.next();
  }

  pause(): void {
    this.paused = true;
    for (const upload of this.active) upload.stop?.abort();
  }

  resume(): void {
    this.paused = false;
    const paused = this.active.filter(({ state }) => state === 'paused');
    this.active = this.active.filter(({ state }) => state !== 'paused');
    this.again(paused);
  }

  retry(): void {
    const { failed } = this;
    this.failed = [];
    for (const upload of failed) upload.attempts = 0;
    this.again(failed);
  }

  /** Leaves out what has not arrived, and closes the list. */
  clear(): void {
    const { active, failed } = this;
    this.reset();
    for (const upload of active) upload.stop?.abort();
    for (const { name, file } of [...active, ...failed]) void abandon(name, file);
  }

  private reset(): void {
    this.run += 1;
    this.queue = [];
    this.head = 0;
    this.count = 0;
    this.totalBytes = 0;
    this.sentBytes = 0;
    this.done = 0;
    this.active = [];
    this.failed = [];
    this.paused = false;
  }

  /** Behind those that wait. */
  private again(uploads: readonly Upload[]): void {
    for (const upload of uploads) upload.state = 'waiting';
    this.queue = this.queue.slice(this.head).concat(uploads);
    this.head = 0;
    this.next();
  }

  private next(): void {
    while (!this.paused && this.active.length < AT_ONCE) {
      const upload = this.queue[this.head];
      if (upload === undefined) return;
      this.head += 1;
      upload.state = 'sending';
      this.active = [...this.active, upload];
      void this.send(upload, this.run);
    }
  }

  private async send(upload: Upload, run: number): Promise<void> {
    upload.stop = new AbortController();
    const progress = (bytes: number): void => {
      if (run === this.run) this.sent(upload, Math.min(bytes, upload.file.size));
    };
    // Files go at the same time, or the parts of a single one.
    const end = await uploadOf(upload, upload.stop.signal, this.count === 1 ? 3 : 1, progress);
    if (run !== this.run) return;
    if (end.outcome === 'committed') {
      this.sent(upload, upload.file.size);
      upload.state = 'done';
      this.done += 1;
      return this.ended(upload);
    }
    if (end.outcome === 'stopped' || end.reason === 'aborted') return this.hold(upload, end.resume);
    const mayPass = end.outcome === 'unknown' || adviceOn(end.reason) !== 'never';
    return mayPass ? this.tryAgain(upload, end, run) : this.fail(upload, end.message);
  }

  private async tryAgain(upload: Upload, end: Failed, run: number): Promise<void> {
    upload.attempts += 1;
    if (upload.attempts >= ATTEMPTS) return this.fail(upload, end.message);
    const delayMs = Math.min(PAUSE_MS[0] * 2 ** upload.attempts, PAUSE_MS[1]);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (run !== this.run) return;
    if (this.paused) return this.hold(upload, end.resume);
    void this.send(upload, run);
  }

  private hold(upload: Upload, resume: string | null): void {
    if (resume === null) this.sent(upload, 0);
    upload.state = 'paused';
    if (this.paused) return;
    // It was resumed before this one had stopped.
    this.active = this.active.filter((each) => each !== upload);
    this.again([upload]);
  }

  private fail(upload: Upload, message: string): void {
    this.sent(upload, 0);
    upload.message = message;
    upload.state = 'failed';
    this.failed = [...this.failed, upload];
    this.ended(upload);
  }

  private ended(upload: Upload): void {
    this.active = this.active.filter((each) => each !== upload);
    this.next();
  }

  private sent(upload: Upload, bytes: number): void {
    this.sentBytes += bytes - upload.sentBytes;
    upload.sentBytes = bytes;
  }
}

type Failed = Exclude<UploadResult, { outcome: 'committed' | 'stopped' }>;

async function uploadOf(
  { name, file, requestId }: Upload,
  signal: AbortSignal,
  partsAtOnce: number,
  progress: (bytes: number) => void,
): Promise<UploadResult> {
  const client = await store.client();
  const end = await client.upload(name, file, {
    contentType: file.type || 'application/octet-stream',
    requestId,
    signal,
    partsAtOnce,
    resume: keptUploads.find(name, file) ?? undefined,
    onResumable: (resume) => keptUploads.keep(name, file, resume),
    onProgress: ({ sentBytes }) => progress(sentBytes),
  });
  if (end.resume === null) keptUploads.forget(name, file);
  return end;
}

/** Gives up what was sent of a file, so that the store need not wait a week to do so. */
async function abandon(name: string, file: File): Promise<void> {
  const resume = keptUploads.find(name, file);
  if (resume === null) return;
  keptUploads.forget(name, file);
  await (await store.client()).discardUpload(resume);
}

export const uploads = new Uploads();
