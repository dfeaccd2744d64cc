import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { z } from 'zod';
import { keySchema, parseRevised } from './coordinator-schema.js';
import type { StoredRecord } from './coordinator-state.js';

export interface RemoteWatchOptions {
  readonly host: string;
  readonly port: number;
  /** A watch that hears nothing for this long, heartbeats included, connects anew; default 3,000. */
  readonly silentMs?: number;
  /** Waits between attempts; defaults 100 and 2,000. */
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
  readonly random?: () => number;
}

const LINE_LIMIT_CHARACTERS = 8 * 1024 * 1024;

const lineSchema = z.union([
  z.object({ heartbeat: z.literal(true) }),
  z.object({ key: keySchema, record: z.unknown() }),
]);

/**
 * Keeps a watch alive: connects again whenever it ends, is silent or talks nonsense, waiting twice
 * as long after each failure up to a limit, and between half and all of that at random.
 */
export class RemoteWatch {
  private request: ClientRequest | null = null;
  private retryTimer: NodeJS.Timeout | null = null;
  private silentTimer: NodeJS.Timeout | null = null;
  private cancelled = false;
  private waitMs: number;
  private rest = '';

  constructor(
    private readonly options: RemoteWatchOptions,
    private readonly prefix: string,
    private readonly changed: (key: string, record: StoredRecord) => void,
  ) {
    this.waitMs = this.retryMinMs;
    this.connect();
  }

  cancel(): void {
    this.cancelled = true;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.silentTimer !== null) clearTimeout(this.silentTimer);
    this.request?.destroy();
  }

  private get retryMinMs(): number {
    return this.options.retryMinMs ?? 100;
  }

  private connect(): void {
    if (this.cancelled) return;
    const { host, port } = this.options;
    const path = `/v1/watch?prefix=${encodeURIComponent(this.prefix)}`;
    const request = httpRequest({ host, port, path, agent: false });
    this.request = request;
    this.rest = '';
    this.heard(request);
    request.on('error', () => request.destroy());
    request.on('close', () => this.again());
    request.on('response', (response) => this.listen(request, response));
    request.end();
  }

  private listen(request: ClientRequest, response: IncomingMessage): void {
    response.on('error', () => request.destroy());
    if (response.statusCode !== 200) {
      request.destroy();
      return;
    }
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (this.cancelled || request.destroyed) return;
      this.heard(request);
      if (!this.take(text)) request.destroy();
    });
  }

  /** False when what was heard is not a watch. */
  private take(text: string): boolean {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > LINE_LIMIT_CHARACTERS) return false;
    return lines.every((line) => this.cancelled || this.takeLine(line));
  }

  private takeLine(line: string): boolean {
    let data: unknown;
    try {
      data = JSON.parse(line) as unknown;
    } catch {
      return false;
    }
    const parsed = lineSchema.safeParse(data);
    if (!parsed.success) return false;
    this.waitMs = this.retryMinMs;
    if ('heartbeat' in parsed.data) return true;
    const { key } = parsed.data;
    const record = parseRevised(key, parsed.data.record);
    if (record === null) return false;
    this.changed(key, record);
    return true;
  }

  private heard(request: ClientRequest): void {
    if (this.silentTimer !== null) clearTimeout(this.silentTimer);
    this.silentTimer = setTimeout(() => request.destroy(), this.options.silentMs ?? 3000);
  }

  private again(): void {
    if (this.silentTimer !== null) clearTimeout(this.silentTimer);
    if (this.cancelled) return;
    const random = this.options.random ?? Math.random;
    this.retryTimer = setTimeout(() => this.connect(), this.waitMs * (0.5 + random() / 2));
    this.waitMs = Math.min(this.waitMs * 2, this.options.retryMaxMs ?? 2000);
  }
}
