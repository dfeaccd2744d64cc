import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { EVENTS_LIMIT, EventRing, type SiteEvent } from './event-ring.js';
import { LOG_LEVELS } from './site-log.js';

/*
 * The latest events beside a site's data, a line of JSON each. They are told to people and rest on
 * nothing: they are written behind, without a sync, and what cannot be read is left out.
 */

const FILE = 'events.jsonl';
const FORMAT = 1;
const WRITE_AFTER_MS = 200;
/** The file is written anew when it has this many lines. */
const LINES_LIMIT = 3 * EVENTS_LIMIT;

const StoredEvent = z.object({
  format: z.literal(FORMAT),
  id: z.int().min(1),
  atMs: z.number(),
  site: z.string().max(256),
  kind: z.string().max(64),
  level: z.enum(LOG_LEVELS),
  message: z.string().max(16_384),
  shard: z.string().max(256).optional(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

/** Keeps a ring on the disk as it grows. */
export class EventFile {
  readonly ring: EventRing;
  private waiting: SiteEvent[] = [];
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | null = null;

  private constructor(
    private readonly path: string,
    kept: readonly SiteEvent[],
    private lines: number,
    private readonly failed: (message: string) => void,
  ) {
    this.ring = new EventRing(kept);
    this.ring.follow((event) => {
      this.waiting.push(event);
      this.timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS).unref();
    });
  }

  /** Reads what an earlier run kept. Never fails: without a file it begins empty. */
  static async open(folder: string, failed: (message: string) => void): Promise<EventFile> {
    const path = join(folder, FILE);
    const text = await readFile(path, 'utf8').catch(() => '');
    const lines = text.split('\n').filter((line) => line !== '');
    return new EventFile(path, lines.flatMap(readLine).sort(byId), lines.length, failed);
  }

  /** Resolves once everything told so far was handed to the disk. */
  async close(): Promise<void> {
    this.flush();
    await this.writing;
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const events = this.waiting;
    this.waiting = [];
    if (events.length === 0) return;
    this.writing = this.writing.then(() => this.write(events));
  }

  private async write(events: readonly SiteEvent[]): Promise<void> {
    try {
      if (this.lines + events.length <= LINES_LIMIT) {
        await appendFile(this.path, textOf(events));
        this.lines += events.length;
        return;
      }
      const all = [...this.ring.all()];
      await writeFile(`${this.path}.new`, textOf(all));
      await rename(`${this.path}.new`, this.path);
      this.lines = all.length;
    } catch (error) {
      this.failed(`events could not be kept: ${String(error)}`);
    }
  }
}

function byId(a: SiteEvent, b: SiteEvent): number {
  return a.id - b.id;
}

function textOf(events: readonly SiteEvent[]): string {
  return events.map((event) => `${JSON.stringify({ format: FORMAT, ...event })}\n`).join('');
}

function readLine(line: string): SiteEvent[] {
  try {
    const parsed = StoredEvent.safeParse(JSON.parse(line));
    if (!parsed.success) return [];
    const { format: _format, ...event } = parsed.data;
    return [event as SiteEvent];
  } catch {
    return [];
  }
}
