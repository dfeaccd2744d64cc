import { closeSync, openSync, writeSync } from 'node:fs';
import { HISTORY_VERSION, type Operation } from '../../../simulator/history.js';

/** Lines kept back before they are written. */
const BATCH_LINES = 200;

/** What one process of clients writes down: one operation a line, in the order in which they end. */
export class HistoryRecorder {
  private readonly file: number;
  private lines: string[] = [];

  constructor(
    path: string,
    private nextId: number,
  ) {
    this.file = openSync(path, 'w');
    this.lines.push(JSON.stringify({ type: 'history', version: HISTORY_VERSION }));
  }

  record(operation: Omit<Operation, 'id'>): void {
    const id = this.nextId;
    this.nextId += 1;
    this.lines.push(JSON.stringify({ type: 'operation', id, ...operation }));
    if (this.lines.length >= BATCH_LINES) this.flush();
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    if (this.lines.length > 0) writeSync(this.file, `${this.lines.join('\n')}\n`);
    this.lines = [];
  }
}
