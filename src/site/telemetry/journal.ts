import { EventFile } from './event-file.js';
import { EventRing } from './event-ring.js';
import {
  DEFAULT_LOG,
  type LogLevel,
  type LogSettings,
  type NoticeDetails,
  type Report,
  SiteLog,
} from './site-log.js';

/** Where lines go. */
export interface NoticeSink {
  isOn(level: LogLevel): boolean;
  line(atMs: number, message: string, details?: NoticeDetails): void;
}

const MESSAGE_LIMIT_CHARACTERS = 4096;

/** What a site tells its operators: each notice a line of the log, and some an event as well. */
export class Journal {
  /** Those before the data folder was open join the ring of the file. */
  private ring = new EventRing();
  private file: EventFile | null = null;
  private counted: (kind: string) => void = () => undefined;

  constructor(
    private readonly site: string,
    readonly log: NoticeSink,
    private readonly nowMs: () => number = Date.now,
  ) {}

  get events(): EventRing {
    return this.ring;
  }

  readonly report: Report = (message, details = {}) => {
    const atMs = this.nowMs();
    this.log.line(atMs, message, details);
    const { event: kind, level = 'info', shard, fields } = details;
    if (kind === undefined) return;
    this.counted(kind);
    this.ring.add({
      atMs,
      site: this.site,
      kind,
      level,
      message: message.slice(0, MESSAGE_LIMIT_CHARACTERS),
      ...(shard !== undefined && { shard }),
      ...(fields !== undefined && { fields }),
    });
  };

  /** Called with the kind of each event from now on. */
  count(counted: (kind: string) => void): void {
    this.counted = counted;
  }

  /** From now on events are kept in the folder, after those that an earlier run left there. */
  async keepIn(folder: string): Promise<void> {
    const file = await EventFile.open(folder, (message) => this.report(message, UNKEPT));
    for (const { id: _id, ...event } of this.ring.all()) file.ring.add(event);
    this.file = file;
    this.ring = file.ring;
  }

  async close(): Promise<void> {
    await this.file?.close();
  }
}

const UNKEPT: NoticeDetails = { level: 'warn' };

/**
 * The journal of a site's process. Its lines go to the standard error, or else all that are for
 * operators to `told`, as sentences.
 */
export function createJournal(
  site: string,
  settings: LogSettings = DEFAULT_LOG,
  told?: (message: string) => void,
): Journal {
  const sink: NoticeSink =
    told === undefined
      ? new SiteLog(site, settings, (line) => process.stderr.write(line))
      : {
          isOn: (level) => level !== 'debug',
          line: (_atMs, message, { level } = {}) => {
            if (level !== 'debug') told(message);
          },
        };
  return new Journal(site, sink);
}
