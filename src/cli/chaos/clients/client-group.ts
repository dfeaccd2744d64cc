import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ClientJob, ClientTold } from './client-job.js';

const PROGRAM = fileURLToPath(new URL('./client-process.js', import.meta.url));
const STOP_LIMIT_MS = 60_000;

/** A process of clients, as the one that started it sees it. */
export class ClientGroup {
  counts: Readonly<Record<string, number>> = {};
  findings: readonly { readonly invariant: string; readonly message: string }[] = [];
  private readonly child: ChildProcess;
  private isDone = false;
  private readonly ended: Promise<void>;

  constructor(job: ClientJob) {
    this.child = fork(PROGRAM, [JSON.stringify(job)]);
    this.child.on('message', (raw) => {
      const told = ClientTold.parse(raw);
      this.counts = told.counts;
      if (told.kind === 'done') {
        this.isDone = true;
        this.findings = told.findings;
      }
    });
    this.ended = new Promise((resolve) => this.child.once('exit', () => resolve()));
  }

  get pid(): number | null {
    return this.isOver ? null : (this.child.pid ?? null);
  }

  /** Whether it has ended, by itself or not. */
  get isOver(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Ends its clients after what they are at; false when it did not come to a proper end. */
  async stop(): Promise<boolean> {
    if (!this.isOver) {
      this.child.kill('SIGCONT');
      this.child.send({ kind: 'stop' });
      const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
      await this.ended;
      clearTimeout(timer);
    }
    return this.isDone;
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}
