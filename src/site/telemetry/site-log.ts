import { printableText } from './printable-text.js';

/** From the least to the most important. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What programs sort a line by. Never a secret: no headers, no bodies, no addresses with queries. */
export interface NoticeDetails {
  /** Default: info. */
  readonly level?: LogLevel;
  /** Given, it is an event too: kept, and shown to operators by this kind. */
  readonly event?: EventKind;
  readonly shard?: string;
  readonly fields?: LogFields;
}

export type EventKind =
  | 'started'
  | 'stopping'
  | 'stopped-itself'
  | 'primary'
  | 'configured'
  | 'primary-gone'
  | 'handing-over'
  | 'catch-up-begun'
  | 'catch-up-ended'
  | 'snapshot-begun'
  | 'snapshot-ended'
  | 'snapshot-failed'
  | 'site-lost'
  | 'site-back'
  | 'storage-failed'
  | 'damage-found'
  | 'repaired'
  | 'scrub-finding'
  | 'diverged'
  | 'paused'
  | 'lease-lapsed'
  | 'quorum-lost'
  | 'quorum-back'
  | 'certificate-expires';

/** Tells an operator one thing: a sentence, and what it is about. */
export type Report = (message: string, details?: NoticeDetails) => void;

export interface LogSettings {
  readonly format: LogFormat;
  readonly level: LogLevel;
}

export const DEFAULT_LOG: LogSettings = { format: 'text', level: 'info' };

/** The log of one site: a line for each notice, as text for people or as JSON for programs. */
export class SiteLog {
  private readonly least: number;

  constructor(
    private readonly site: string,
    private readonly settings: LogSettings,
    private readonly write: (line: string) => void,
  ) {
    this.least = LOG_LEVELS.indexOf(settings.level);
  }

  isOn(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.least;
  }

  line(atMs: number, message: string, details: NoticeDetails = {}): void {
    const { level = 'info', event, shard, fields } = details;
    if (!this.isOn(level)) return;
    const time = new Date(atMs).toISOString();
    const { site } = this;
    const named = { ...(event !== undefined && { event }), ...(shard !== undefined && { shard }) };
    if (this.settings.format === 'json') {
      this.write(`${JSON.stringify({ time, level, site, message, ...named, ...fields })}\n`);
      return;
    }
    const mark = level === 'info' ? '' : ` ${level.toUpperCase()}`;
    const rest = Object.entries({ ...named, ...fields })
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ` ${key}=${valueText(value)}`);
    this.write(`${time} ${site}:${mark} ${printableText(message)}${rest.join('')}\n`);
  }
}

function valueText(value: LogFields[string]): string {
  if (typeof value !== 'string') return String(value);
  return /^[\x21\x23-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}
