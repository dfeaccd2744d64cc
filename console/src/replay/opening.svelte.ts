import type { Recording } from './recording.ts';
import type { WorkerAnswer } from './worker-answer.ts';

export interface Opened {
  readonly title: string;
  readonly recording: Recording;
}

/** Opens one recording at a time, in a worker that is loaded when it is asked for and ends after it. */
export class Opening {
  opened = $state.raw<Opened | null>(null);
  /** What is under way, or ''. */
  busy = $state('');
  /** Of a file, how far it is read, from 0 to 1; null: nobody knows. */
  share = $state<number | null>(null);
  refusal = $state('');
  private worker: Worker | null = null;

  openFile(file: File): void {
    const worker = new Worker(new URL('./trace-worker.ts', import.meta.url), { type: 'module' });
    this.start(worker, file, file.name, `Reading ${file.name} …`);
  }

  runSeed(seed: number): void {
    // The build knows a worker by this very form.
    const worker = new Worker(new URL('./simulation-worker.ts', import.meta.url), {
      type: 'module',
    });
    this.start(worker, seed, `Seed ${seed}, run in this browser`, `Simulating seed ${seed} …`);
  }

  cancel(): void {
    this.worker?.terminate();
    this.worker = null;
    this.busy = '';
    this.share = null;
  }

  private start(worker: Worker, order: File | number, title: string, busy: string): void {
    this.cancel();
    this.worker = worker;
    this.refusal = '';
    this.busy = busy;
    worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => this.hear(data, title);
    worker.onerror = (event) => {
      this.cancel();
      // An error of loading has no message.
      this.refusal = event.message || 'This part could not be loaded.';
    };
    worker.postMessage(order);
  }

  private hear(answer: WorkerAnswer, title: string): void {
    if (answer.kind === 'progress') {
      this.share = answer.share;
      return;
    }
    this.cancel();
    if (answer.kind === 'refused') this.refusal = answer.reason;
    else this.opened = { title, recording: answer.recording };
  }
}
