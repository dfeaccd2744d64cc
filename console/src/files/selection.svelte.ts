import { SvelteSet } from 'svelte/reactivity';
import type { Row } from './row.ts';

/** Which rows are chosen, and which one the keyboard stands on. */
export class Selection {
  readonly paths = new SvelteSet<string>();
  cursor = $state(0);
  private anchor = 0;

  get size(): number {
    return this.paths.size;
  }

  chosen(rows: readonly Row[]): Row[] {
    return rows.filter(({ path }) => this.paths.has(path));
  }

  clear(): void {
    this.paths.clear();
  }

  all(rows: readonly Row[]): void {
    for (const { path } of rows) this.paths.add(path);
  }

  toggle(rows: readonly Row[], index: number): void {
    const path = rows[index]?.path;
    if (path === undefined) return;
    if (!this.paths.delete(path)) this.paths.add(path);
    this.anchor = index;
    this.cursor = index;
  }

  only(rows: readonly Row[], index: number): void {
    this.clear();
    this.toggle(rows, index);
  }

  /** Everything between the row that was chosen before and this one. */
  extend(rows: readonly Row[], index: number): void {
    const [from, to] = this.anchor < index ? [this.anchor, index] : [index, this.anchor];
    this.clear();
    this.all(rows.slice(from, to + 1));
    this.cursor = index;
  }

  move(rows: readonly Row[], index: number, extending: boolean): void {
    const to = Math.max(0, Math.min(rows.length - 1, index));
    if (extending) this.extend(rows, to);
    else {
      this.cursor = to;
      this.anchor = to;
    }
  }

  /** Forgets what is not there any more. */
  keep(rows: readonly Row[]): void {
    if (this.paths.size === 0) return;
    const there = new Set(rows.map(({ path }) => path));
    for (const path of this.paths) if (!there.has(path)) this.paths.delete(path);
  }
}
