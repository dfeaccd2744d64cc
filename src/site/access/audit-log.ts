import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/*
 * Who did what, with which outcome: lines of JSON in files of the site that are rotated by size. What
 * is told here names keys by their ids and requests by their paths; it never holds a secret.
 */

const Entry = z.object({
  /** When it was answered, by this site's clock. */
  at: z.string(),
  site: z.string(),
  /** The id of a key, `admin`, `share:<id>`, or `anybody`. */
  who: z.string(),
  /** The address that it came from; '' where that is not known any more. */
  from: z.string(),
  /** By which way: `native`, `s3`, `session`, `share`. */
  by: z.string(),
  act: z.string(),
  what: z.string(),
  outcome: z.enum(['done', 'refused', 'rejected', 'failed']),
  /** The HTTP status, or a session's reason. */
  answer: z.string(),
  requestId: z.string(),
});
export type AuditEntry = z.infer<typeof Entry>;
export type AuditNote = Omit<AuditEntry, 'at' | 'site'>;

export interface AuditSettings {
  /** Whether reading is told too, and not only changes and refusals. */
  readonly reads: boolean;
  readonly fileBytes: number;
  /** Files kept, the one being written among them. */
  readonly files: number;
}

export const DEFAULT_AUDIT: AuditSettings = { reads: false, fileBytes: 16 * 1024 * 1024, files: 8 };

export const AUDIT_PAGE_LIMIT = 1000;
const FLUSH_MS = 100;
/** Lines that wait for the disk; what comes when there are more is counted and left out. */
const BACKLOG_LIMIT_BYTES = 4 * 1024 * 1024;
const TEXT_LIMIT = 1200;
/** Begins who it was, where he had nothing but a link. */
export const SHARE_HOLDER = 'share:';
/** Strangers cannot wash away what they did by asking very often. */
const STRANGERS_PER_MINUTE = 600;

export class AuditLog {
  private lines: string[] = [];
  private waitingBytes = 0;
  private fileBytes = 0;
  private leftOut = 0;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  private minute = { startMs: 0, strangers: 0 };
  private hasFailed = false;

  private constructor(
    private readonly site: string,
    private readonly folder: string,
    readonly settings: AuditSettings,
    private readonly report: (message: string) => void,
    private readonly wallMs: () => number,
  ) {}

  /** Makes the folder if need be; goes on in its newest file. Rejects if it cannot be had. */
  static async open(
    site: string,
    folder: string,
    settings: AuditSettings,
    report: (message: string) => void,
    wallMs: () => number = Date.now,
  ): Promise<AuditLog> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const log = new AuditLog(site, folder, settings, report, wallMs);
    const found = await stat(log.file(0)).catch(() => null);
    log.fileBytes = found?.size ?? 0;
    return log;
  }

  note(note: AuditNote): void {
    const nowMs = this.wallMs();
    if (isStranger(note) && this.isFlooded(nowMs)) {
      this.leftOut += 1;
      return;
    }
    const what = note.what.slice(0, TEXT_LIMIT);
    this.add({ at: new Date(nowMs).toISOString(), site: this.site, ...note, what });
  }

  /** Newest first; `limit` up to 1,000. */
  async recent(limit: number): Promise<AuditEntry[]> {
    await this.flush();
    const entries: AuditEntry[] = [];
    for (let number = 0; number < this.settings.files && entries.length < limit; number += 1) {
      const text = await readFile(this.file(number), 'utf8').catch(() => '');
      for (const line of text.split('\n').reverse()) {
        if (entries.length === limit) break;
        const entry = line === '' ? null : parsed(line);
        if (entry !== null) entries.push(entry);
      }
    }
    return entries;
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.leftOut > 0) {
      const what = `${this.leftOut} more that are not told one by one`;
      this.leftOut = 0;
      const rest = { by: '', act: '', answer: '', requestId: '', from: '' };
      const at = new Date(this.wallMs()).toISOString();
      this.push({ at, site: this.site, who: 'anybody', what, outcome: 'refused', ...rest });
    }
    const text = this.lines.join('');
    this.lines = [];
    this.writing = this.writing.then(() => this.write(text));
    return this.writing;
  }

  private isFlooded(nowMs: number): boolean {
    if (nowMs - this.minute.startMs >= 60_000) this.minute = { startMs: nowMs, strangers: 0 };
    this.minute.strangers += 1;
    return this.minute.strangers > STRANGERS_PER_MINUTE;
  }

  private add(entry: AuditEntry): void {
    if (this.waitingBytes > BACKLOG_LIMIT_BYTES) {
      this.leftOut += 1;
      return;
    }
    this.push(entry);
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS);
  }

  private push(entry: AuditEntry): void {
    const line = `${JSON.stringify(entry)}\n`;
    this.waitingBytes += Buffer.byteLength(line);
    this.lines.push(line);
  }

  private async write(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (bytes === 0) return;
    try {
      if (this.fileBytes > 0 && this.fileBytes + bytes > this.settings.fileBytes) {
        await this.rotate();
      }
      await appendFile(this.file(0), text, { mode: 0o600 });
      this.fileBytes += bytes;
      this.hasFailed = false;
    } catch (error) {
      if (!this.hasFailed) this.report(`the audit log cannot be written: ${String(error)}`);
      this.hasFailed = true;
    }
    this.waitingBytes -= bytes;
  }

  private async rotate(): Promise<void> {
    for (let number = this.settings.files - 2; number >= 0; number -= 1) {
      await rename(this.file(number), this.file(number + 1)).catch(() => undefined);
    }
    this.fileBytes = 0;
  }

  private file(number: number): string {
    return join(this.folder, number === 0 ? 'audit.jsonl' : `audit.${number}.jsonl`);
  }
}

/** Whoever needs no key for it: refused, or the holder of a link whatever he does. */
function isStranger({ who, outcome }: AuditNote): boolean {
  return who.startsWith(SHARE_HOLDER) || (who === 'anybody' && outcome === 'refused');
}

function parsed(line: string): AuditEntry | null {
  try {
    const read = Entry.safeParse(JSON.parse(line));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

/** What an HTTP status says of a request's outcome. */
export function outcomeOf(status: number): AuditEntry['outcome'] {
  if (status === 401 || status === 403) return 'refused';
  if (status < 400) return 'done';
  return status < 500 ? 'rejected' : 'failed';
}
