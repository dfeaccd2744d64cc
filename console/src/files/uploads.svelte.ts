import type { LocalFile } from './dropped-files.ts';
import { uploadFile } from './upload-transfer.ts';

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
 * connection or the site fails, under one request id. A pause stops the files that are under way;
 * they begin anew, all others go on where they were.
 */
class Uploads {
  list = $state.raw<readonly Upload[]>([]);
  paused = $state(false);
  private nextId = 1;
  private sending = 0;

  readonly totalBytes = $derived(this.list.reduce((sum, { file }) => sum + file.size, 0));
  readonly sentBytes = $derived(this.list.reduce((sum, each) => sum + each.sentBytes, 0));
  readonly done = $derived(this.list.filter(({ state }) => state === 'done').length);
  readonly failed = $derived(this.list.filter(({ state }) => state === 'failed').length);
  readonly busy = $derived(this.done + this.failed < this.list.length);

  add(bucket: string, folder: string, files: readonly LocalFile[]): void {
    if (!this.busy) this.list = [];
    const added = files.map(
      ({ path, file }) => new Upload(this.nextId++, `${bucket}/${folder}${path}`, file),
    );
    this.list = this.list.concat(added);
    this.next();
  }

  pause(): void {
    this.paused = true;
    for (const upload of this.list) {
      if (upload.state === 'sending') upload.stop?.abort();
    }
  }

  resume(): void {
    this.paused = false;
    for (const upload of this.list) if (upload.state === 'paused') upload.state = 'waiting';
    this.next();
  }

  retry(): void {
    for (const upload of this.list) {
      if (upload.state !== 'failed') continue;
      upload.attempts = 0;
      upload.state = 'waiting';
    }
    this.next();
  }

  /** Leaves out what has not arrived, and closes the list. */
  clear(): void {
    const { list } = this;
    this.list = [];
    this.paused = false;
    for (const upload of list) {
      if (upload.state !== 'done') upload.state = 'failed';
      upload.stop?.abort();
    }
  }

  private next(): void {
    while (!this.paused && this.sending < AT_ONCE) {
      const upload = this.list.find(({ state }) => state === 'waiting');
      if (upload === undefined) return;
      this.sending += 1;
      upload.state = 'sending';
      void this.send(upload).then(() => {
        this.sending -= 1;
        this.next();
      });
    }
  }

  private async send(upload: Upload): Promise<void> {
    upload.stop = new AbortController();
    const { signal } = upload.stop;
    const progress = (bytes: number): void => {
      upload.sentBytes = Math.min(bytes, upload.file.size);
    };
    const end = await uploadFile(upload.name, upload.file, upload.requestId, progress, signal);
    if (upload.state !== 'sending') return;
    switch (end.kind) {
      case 'committed':
        upload.sentBytes = upload.file.size;
        upload.state = 'done';
        return;
      case 'aborted':
        upload.sentBytes = 0;
        upload.state = 'paused';
        return;
      case 'rejected':
        return fail(upload, end.message);
      case 'again':
        return this.tryAgain(upload, end.message);
    }
  }

  private async tryAgain(upload: Upload, message: string): Promise<void> {
    upload.attempts += 1;
    upload.sentBytes = 0;
    if (upload.attempts >= ATTEMPTS) return fail(upload, message);
    const delayMs = Math.min(PAUSE_MS[0] * 2 ** upload.attempts, PAUSE_MS[1]);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (upload.state === 'sending') upload.state = this.paused ? 'paused' : 'waiting';
  }
}

function fail(upload: Upload, message: string): void {
  upload.sentBytes = 0;
  upload.message = message;
  upload.state = 'failed';
}

export const uploads = new Uploads();
