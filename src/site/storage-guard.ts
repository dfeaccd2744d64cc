import type { FileVersion } from '../protocol/file-version.js';
import type { Configuration, LogEntry, Position } from '../protocol/log-entry.js';
import type {
  ListQuery,
  OwnershipRecord,
  RequestRecord,
  ShardLog,
  ShardView,
  StorageFailure,
} from '../protocol/ports.js';
import type { Report } from './telemetry/site-log.js';

type Done = (failure: StorageFailure | null) => void;

/**
 * Makes the first failure of any of a site's disks final for all of them: from then on no log takes
 * a write, so nothing more is acknowledged, while what is readable can be read.
 */
export class StorageGuard {
  private first: StorageFailure | null = null;

  constructor(private readonly report: Report) {}

  get failure(): StorageFailure | null {
    return this.first;
  }

  note(failure: StorageFailure): void {
    if (this.first !== null) return;
    this.first = failure;
    this.report(`storage failed, no write is taken any more: ${failure.message}`, {
      event: 'storage-failed',
      level: 'error',
    });
  }

  log(log: ShardLog): ShardLog {
    const watched = (done: Done): Done => {
      return (failure) => {
        if (failure !== null) this.note(failure);
        done(this.first);
      };
    };
    return {
      write: (write, done) => log.write(write, watched(done)),
      reset: (base, hardState, done) => log.reset(base, hardState, watched(done)),
      read: (from, limit, done) => log.read(from, limit, done),
      trim: (upToSeq) => log.trim(upToSeq),
    };
  }

  view(view: ShardView): ShardView {
    return new GuardedView(view, this);
  }
}

class GuardedView implements ShardView {
  constructor(
    private readonly view: ShardView,
    private readonly guard: StorageGuard,
  ) {}

  position(): Position {
    return this.view.position();
  }

  durablePosition(): Position {
    return this.view.durablePosition();
  }

  head(name: string): FileVersion | undefined {
    return this.view.head(name);
  }

  version(name: string, version: number): FileVersion | undefined {
    return this.view.version(name, version);
  }

  history(name: string, below: number, limit: number): FileVersion[] {
    return this.view.history(name, below, limit);
  }

  list(query: ListQuery): FileVersion[] {
    return this.view.list(query);
  }

  names(query: ListQuery): string[] {
    return this.view.names(query);
  }

  requests(fromSeq: number): RequestRecord[] {
    return this.view.requests(fromSeq);
  }

  ownership(): OwnershipRecord[] {
    return this.view.ownership();
  }

  configuration(): Configuration | null {
    return this.view.configuration();
  }

  apply(entries: readonly LogEntry[], done: Done): void {
    this.view.apply(entries, (failure) => {
      // Not told further: the shard learns of it by its next write to the log, and what the view
      // does not show is served from the log.
      if (failure !== null) this.guard.note(failure);
      else done(null);
    });
  }
}
