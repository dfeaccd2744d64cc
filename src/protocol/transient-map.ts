/** Lets go of what it holds when it is taken out of its map. */
interface Holder<V> {
  value: V | undefined;
}

/**
 * A map of what comes and goes all the time, such as requests under way; its keys are numbers or
 * texts. A plain `Map` whose keys change moves to a new table every few dozen changes, and V8 lets
 * each table that was left point to the one that followed. Once a left table has grown old, every
 * later one stays until the whole heap is collected, with all that was in it: nothing that was ever
 * under way dies young. Here left tables have empty holders only.
 */
export class TransientMap<K extends number | string, V> {
  private readonly holders = new Map<K, Holder<V>>();

  get size(): number {
    return this.holders.size;
  }

  get(key: K): V | undefined {
    return this.holders.get(key)?.value;
  }

  set(key: K, value: V): void {
    const holder = this.holders.get(key);
    if (holder === undefined) this.holders.set(key, { value });
    else holder.value = value;
  }

  /** Takes it out; undefined if it is not there. */
  take(key: K): V | undefined {
    const holder = this.holders.get(key);
    if (holder === undefined) return undefined;
    this.holders.delete(key);
    const { value } = holder;
    holder.value = undefined;
    return value;
  }

  /** In the order in which their keys came. */
  *entries(): IterableIterator<[K, V]> {
    for (const [key, { value }] of this.holders) if (value !== undefined) yield [key, value];
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  clear(): void {
    for (const holder of this.holders.values()) holder.value = undefined;
    this.holders.clear();
  }
}
