import type { InstalledSnapshot, SnapshotPort } from '../protocol/ports.js';
import type { NodeClock } from './clock.js';
import type { Random } from './random.js';
import type { SimView } from './sim-view.js';

/** Mean time of a whole snapshot, in milliseconds of true time. */
export const SNAPSHOT_MS = 300;
/** How long it tries to get the content that the view names before it gives up. */
const CONTENT_PATIENCE_MS = 5_000;

/**
 * Replaces a view by another site's as it is when the transfer begins. It arrives whole or, when
 * the source is out of reach at its beginning or its end, not at all.
 */
export class SimSnapshot implements SnapshotPort {
  installed = 0;

  constructor(
    private readonly view: SimView,
    private readonly clock: NodeClock,
    private readonly random: Random,
    /** The view at a site; undefined while it cannot be reached or must not be read. */
    private readonly viewAt: (site: string) => SimView | undefined,
    /** Calls back once all content that the view names is here. */
    private readonly bring: (view: SimView, from: string, done: () => void) => void,
  ) {}

  install(from: string, done: (installed: InstalledSnapshot | null) => void): void {
    const copy = this.viewAt(from)?.copy();
    this.clock.deliverAfter(this.random.exponential(SNAPSHOT_MS), () => {
      if (copy === undefined || this.viewAt(from) === undefined) {
        done(null);
        return;
      }
      let isOpen = true;
      const finish = (installed: InstalledSnapshot | null): void => {
        if (!isOpen) return;
        isOpen = false;
        done(installed);
      };
      this.clock.after(CONTENT_PATIENCE_MS, () => finish(null));
      this.bring(copy, from, () => {
        if (!isOpen) return;
        this.view.install(copy);
        this.installed += 1;
        finish({
          position: copy.position(),
          requests: copy.requests(0),
          ownership: copy.ownership(),
          configuration: copy.configuration(),
        });
      });
    });
  }
}
