const NAMES_LIMIT = 10_000;
const FLOORS = 1024;

/**
 * The newest version of each name that this client has seen. Of names that it had to forget it
 * keeps, in a table of fixed size, a version that theirs does not exceed.
 */
export class SeenVersions {
  private readonly versions = new Map<string, number>();
  private readonly floors = new Float64Array(FLOORS);

  constructor(private readonly limit = NAMES_LIMIT) {}

  note(name: string, version: number): void {
    const known = this.versions.get(name);
    // A late answer must not lower what a forgotten name is held to.
    if (version <= (known ?? (this.floors[slotOf(name)] ?? 0) - 1)) return;
    this.versions.set(name, version);
    if (this.versions.size <= this.limit) return;
    for (const [oldest, seen] of this.versions) {
      const slot = slotOf(oldest);
      this.floors[slot] = Math.max(this.floors[slot] ?? 0, seen);
      this.versions.delete(oldest);
      return;
    }
  }

  /** False: a newer one was seen, or may have been. 0 stands for a file that never was. */
  isCurrent(name: string, version: number): boolean {
    return version >= (this.versions.get(name) ?? this.floors[slotOf(name)] ?? 0);
  }
}

function slotOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % FLOORS;
}
