/**
 * A map by version. Versions of a file are nearly always the numbers from one on, so that an array
 * does; a history from elsewhere may have any others.
 */
export class VersionTable<T> {
  private readonly near: (T | undefined)[];
  private readonly far = new Map<number, T>();
  private ordered: T[] | undefined = [];

  /** `expected`: how many versions there may be. */
  constructor(expected: number) {
    this.near = new Array<T | undefined>(expected + 2).fill(undefined);
  }

  get(version: number): T | undefined {
    return version < this.near.length ? this.near[version] : this.far.get(version);
  }

  set(version: number, value: T): void {
    if (version < this.near.length) this.near[version] = value;
    else this.far.set(version, value);
    this.ordered = undefined;
  }

  /** In ascending order of their versions. */
  values(): readonly T[] {
    if (this.ordered !== undefined) return this.ordered;
    const ordered: T[] = [];
    for (const value of this.near) if (value !== undefined) ordered.push(value);
    const far = [...this.far].sort(([a], [b]) => a - b);
    for (const [, value] of far) ordered.push(value);
    this.ordered = ordered;
    return ordered;
  }
}
