import { Worker } from 'node:worker_threads';
import { TransientMap } from '../protocol/transient-map.js';
import type { CuttingAnswer, CuttingQuestion } from './content-cutting.js';
import { ContentCutting } from './content-cutting.js';

/** What cuts and hashes for a site. Ends every question, if only by a rejection. */
export interface ContentThread {
  /** How many questions wait for an answer. */
  readonly waiting: number;
  /** False once it has ended; it answers nothing any more. */
  readonly isAlive: boolean;
  /** Rejects with what became of the thread when it does not live to answer. */
  ask(question: CuttingQuestion): Promise<CuttingAnswer>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: CuttingAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A thread of its own. It does not keep the process alive. */
export class WorkerThread implements ContentThread {
  private readonly worker: Worker;
  private readonly questions = new TransientMap<number, Waiting>();
  private lastId = 0;
  private ended: Error | null = null;

  constructor(script: URL) {
    this.worker = new Worker(script, { name: 'content', execArgv: [] });
    this.worker.unref();
    this.worker.on('message', ({ id, answer }: { id: number; answer: CuttingAnswer }) => {
      this.questions.take(id)?.resolve(answer);
    });
    this.worker.on('messageerror', (error) => this.end(error));
    this.worker.on('error', (error) => this.end(error));
    this.worker.on('exit', (code) => this.end(new Error(`it ended with ${code}`)));
  }

  get waiting(): number {
    return this.questions.size;
  }

  get isAlive(): boolean {
    return this.ended === null;
  }

  ask(question: CuttingQuestion): Promise<CuttingAnswer> {
    if (this.ended !== null) return Promise.reject(this.ended);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.questions.set(id, { resolve, reject });
      this.worker.postMessage({ id, question });
    });
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }

  private end(error: Error): void {
    this.ended ??= new Error(`the thread that cuts and hashes content failed: ${error.message}`);
    for (const { reject } of this.questions.values()) reject(this.ended);
    this.questions.clear();
    void this.worker.terminate();
  }
}

/** The same on the calling thread, for programs that run from their sources. */
export class SameThread implements ContentThread {
  readonly waiting: number = 0;
  readonly isAlive: boolean = true;
  private readonly cutting = new ContentCutting();

  async ask(question: CuttingQuestion): Promise<CuttingAnswer> {
    return this.cutting.answer(question);
  }

  async close(): Promise<void> {}
}
