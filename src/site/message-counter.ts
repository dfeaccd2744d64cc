import type { SiteMessage } from '../protocol/node/messages.js';

/** How many messages went to each other site since the start, by what they are. */
export class MessageCounter {
  private readonly bySite = new Map<string, Record<string, number>>();

  note(to: string, message: SiteMessage): void {
    const kind = message.kind === 'shard' ? message.message.kind : message.kind;
    let counts = this.bySite.get(to);
    if (counts === undefined) {
      counts = {};
      this.bySite.set(to, counts);
    }
    counts[kind] = (counts[kind] ?? 0) + 1;
  }

  sentTo(site: string): Readonly<Record<string, number>> {
    return { ...this.bySite.get(site) };
  }
}
