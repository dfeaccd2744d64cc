import {
  type CredentialPaths,
  type Credentials,
  type CredentialsRead,
  readCredentials,
} from './credentials.js';

/** Credentials that may be replaced while they are in use. */
export interface CredentialSource {
  readonly current: Credentials;
  /** Called after each replacement; returns what ends that. */
  onChange(listener: () => void): () => void;
}

export interface CredentialWatchOptions {
  readonly report: (message: string) => void;
  /** How often the files are looked at; default 2,000. */
  readonly intervalMs?: number;
}

export type CredentialWatchStart =
  | { readonly ok: true; readonly watch: CredentialWatch }
  | { readonly ok: false; readonly message: string };

const INTERVAL_MS = 2000;

/**
 * Credentials from files that are looked at again and again, so that they can be renewed while they
 * are in use. Files that do not belong together, as while they are being replaced, change nothing.
 */
export class CredentialWatch implements CredentialSource {
  private readonly listeners = new Set<() => void>();
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> = Promise.resolve();
  private lastFault = '';
  private faultCount = 0;

  private constructor(
    private readonly paths: CredentialPaths,
    private credentials: Credentials,
    private readonly options: CredentialWatchOptions,
  ) {
    this.timer = setInterval(() => void this.look(), options.intervalMs ?? INTERVAL_MS);
    this.timer.unref();
  }

  static async open(
    paths: CredentialPaths,
    options: CredentialWatchOptions,
  ): Promise<CredentialWatchStart> {
    const read = await readCredentials(paths);
    if (!read.ok) return read;
    return { ok: true, watch: new CredentialWatch(paths, read.credentials, options) };
  }

  get current(): Credentials {
    return this.credentials;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Looks at the files now. */
  look(): Promise<void> {
    this.looking = this.looking.then(async () => this.take(await readCredentials(this.paths)));
    return this.looking;
  }

  close(): void {
    clearInterval(this.timer);
    this.listeners.clear();
  }

  private take(read: CredentialsRead): void {
    if (!read.ok) {
      // Files are replaced one after the other: what is still wrong the next time is told, once.
      this.faultCount = read.message === this.lastFault ? this.faultCount + 1 : 1;
      this.lastFault = read.message;
      if (this.faultCount === 2) this.options.report(`the certificate is kept: ${read.message}`);
      return;
    }
    this.faultCount = 0;
    const { ca, cert, key } = read.credentials;
    const old = this.credentials;
    if (ca === old.ca && cert === old.cert && key === old.key) return;
    this.credentials = read.credentials;
    this.options.report(`the certificate in ${this.paths.certFile} was replaced and is in use`);
    for (const listener of this.listeners) listener();
  }
}
