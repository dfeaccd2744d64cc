import type {
  FaultControl,
  FaultOutcome,
  FaultRequest,
  FaultStatus,
} from '../../gateways/native-http/fault-control.js';
import type { LinkDelay, Wan } from '../../transport/wan.js';
import type { ParentMessage } from './fault-messages.js';
import type { SiteChild } from './site-child.js';

interface LinkFault {
  readonly a: string;
  readonly b: string;
  readonly cut: boolean;
  readonly addedMs: number;
}

/** What is done on purpose to the sites of this machine and the links between them, and undone. */
export class ClusterFaults implements FaultControl {
  private readonly links = new Map<string, LinkFault>();

  constructor(
    private readonly children: readonly SiteChild[],
    private readonly wan: Wan,
  ) {
    for (const child of children) this.adopt(child);
  }

  /** One more of the children. */
  adopt(child: SiteChild): void {
    child.heard = {
      // A process that starts anew knows nothing of what was done to its links.
      ready: () => this.links.forEach((link) => this.tell(child, link)),
      fault: (request) => this.act(request),
    };
  }

  async act(request: FaultRequest | null): Promise<FaultOutcome> {
    if (request === null) return { ok: true, status: this.status() };
    const message =
      request.kind === 'site' ? await this.actOnSite(request) : this.actOnLink(request);
    return message === null ? { ok: true, status: this.status() } : { ok: false, message };
  }

  private status(): FaultStatus {
    return {
      sites: this.children.map(({ site, state }) => ({ site, state })),
      links: [...this.links.values()],
    };
  }

  /** Null, or why not. */
  private async actOnSite({
    site,
    action,
  }: Extract<FaultRequest, { kind: 'site' }>): Promise<string | null> {
    const child = this.children.find((each) => each.site === site);
    if (child === undefined) return `there is no site "${site}"`;
    if (action === 'start') {
      const started = await child.start();
      return started.ok ? null : started.message;
    }
    if (action === 'pause' || action === 'resume') {
      return child.setPaused(action === 'pause') ? null : `${site} does not run`;
    }
    await child.stop(action === 'kill' ? 'kill' : 'clean');
    return null;
  }

  private actOnLink({
    a,
    b,
    cut,
    addedMs,
  }: Extract<FaultRequest, { kind: 'link' }>): string | null {
    const [first, second] = [a, b].sort();
    const ends = this.children.filter(({ site }) => site === a || site === b);
    if (a === b || ends.length !== 2 || first === undefined || second === undefined) {
      return `${a} and ${b} are not two sites of this cluster`;
    }
    const link = { a: first, b: second, cut, addedMs };
    if (cut || addedMs > 0) this.links.set(`${first}-${second}`, link);
    else this.links.delete(`${first}-${second}`);
    for (const child of ends) this.tell(child, link);
    return null;
  }

  private tell(child: SiteChild, { a, b, cut, addedMs }: LinkFault): void {
    if (child.site !== a && child.site !== b) return;
    const usual: LinkDelay = this.wan[`${a}-${b}`] ??
      this.wan[`${b}-${a}`] ?? { rttMs: 0, jitterMs: 0 };
    const change = { cut, rttMs: usual.rttMs + addedMs, jitterMs: usual.jitterMs };
    child.tell({ kind: 'link', a, b, change } satisfies ParentMessage);
  }
}
