import type { ReadFailure } from './file-service.js';
import { failure } from './shard-calls.js';

/** How often a site that stops looks whether its requests have ended. */
const LOOK_MS = 5;

/** Which requests of clients a site takes: so many at once, and none once it has handed over. */
export class Admission {
  private isClosed = false;
  private count = 0;

  constructor(
    private readonly site: string,
    private readonly limit: number,
  ) {}

  get underWay(): number {
    return this.count;
  }

  /** Why nothing is taken just now; null when it is. */
  refusal(): ReadFailure | null {
    if (this.isClosed) return failure('site_stopping', `${this.site} is stopping`);
    if (this.count < this.limit) return null;
    return failure('overloaded', `${this.limit} requests are under way here, the most allowed`);
  }

  async admitted<T>(refuse: (fault: ReadFailure) => T, work: () => Promise<T>): Promise<T> {
    const fault = this.refusal();
    if (fault !== null) return refuse(fault);
    this.count += 1;
    try {
      return await work();
    } finally {
      this.count -= 1;
    }
  }

  /** Takes nothing more; resolves once what is under way has ended, or the time is up. */
  async close(limitMs: number): Promise<void> {
    this.isClosed = true;
    const untilMs = performance.now() + limitMs;
    while (this.count > 0 && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}
