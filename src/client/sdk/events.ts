/** What a client tells without being asked. */
export interface ClientEvents {
  /** A file kept in the cache has changed: the next read of it asks the site. */
  invalidated: [name: string];
  /** The site that it speaks with from now on; null while there is none. */
  site: [site: string | null];
  /** A site does not take the key, as it was revoked perhaps: requests wait in vain meanwhile. */
  refused: [];
}

export type Listener<K extends keyof ClientEvents> = (...told: ClientEvents[K]) => void;

type Sets = { readonly [K in keyof ClientEvents]: Set<Listener<K>> };

export class Listeners {
  private readonly sets: Sets = {
    invalidated: new Set(),
    site: new Set(),
    refused: new Set(),
  };

  add<K extends keyof ClientEvents>(event: K, listener: Listener<K>): () => void {
    const set: Set<Listener<K>> = this.sets[event];
    set.add(listener);
    return () => void set.delete(listener);
  }

  /** In a turn of its own: a listener that calls the client, or throws, disturbs nothing. */
  tell<K extends keyof ClientEvents>(event: K, ...told: ClientEvents[K]): void {
    for (const listener of this.sets[event]) queueMicrotask(() => listener(...told));
  }
}
