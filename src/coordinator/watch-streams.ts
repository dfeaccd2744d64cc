import type { ServerResponse } from 'node:http';
import type { StoredRecord } from './coordinator-state.js';

const WATCHER_LIMIT = 256;
/** A watcher that lets this much lie is cut off; it asks again and gets the current state. */
const UNREAD_LIMIT_BYTES = 8 * 1024 * 1024;

/** Everybody who watches: one line of JSON for each change, and a heartbeat when nothing changes. */
export class WatchStreams {
  private readonly streams = new Map<ServerResponse, string>();
  private readonly timer: NodeJS.Timeout;
  private closed = false;

  constructor(heartbeatMs: number) {
    this.timer = setInterval(() => this.write('', '{"heartbeat":true}\n'), heartbeatMs);
    this.timer.unref();
  }

  /** False when there are too many. */
  add(prefix: string, response: ServerResponse, current: [string, StoredRecord][]): boolean {
    if (this.closed || this.streams.size >= WATCHER_LIMIT) return false;
    response.writeHead(200, {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store',
    });
    response.on('close', () => this.streams.delete(response));
    response.on('error', () => response.destroy());
    this.streams.set(response, prefix);
    const lines = current.map(([key, record]) => `${JSON.stringify({ key, record })}\n`);
    response.write(`${lines.join('')}{"heartbeat":true}\n`);
    return true;
  }

  changed(key: string, record: StoredRecord): void {
    this.write(key, `${JSON.stringify({ key, record })}\n`);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    for (const response of this.streams.keys()) response.end();
    this.streams.clear();
  }

  /** To all whose prefix the key has; '' as the key means to everybody. */
  private write(key: string, line: string): void {
    for (const [response, prefix] of this.streams) {
      if (key !== '' && !key.startsWith(prefix)) continue;
      if (response.writableLength > UNREAD_LIMIT_BYTES) response.destroy();
      else response.write(line);
    }
  }
}
