import { LetterSets } from './letter-sets.js';
import { MOMENTS_MS } from './setting.js';
import type { SiteStates } from './site-states.js';
import { SITE_INDICES, type Sites } from './world-steps.js';

const NOTHING: readonly number[] = [];

/** What is under way, as far as it can still be heard. */
export class PostOffice {
  readonly sets = new LetterSets();

  constructor(
    private readonly parts: SiteStates,
    readonly sendsAtOnce: boolean,
  ) {}

  /**
   * What is under way once sites that were as in `before` are as in `after`: what was, `sent`, and
   * what is sent without a change of its sender. What nobody can hear any more is left out. `before`
   * is null when all of it is new, as at the beginning and after time has passed.
   */
  mailed(
    set: number,
    sent: readonly number[],
    before: Sites | null,
    after: Sites,
    moment: number,
  ): number {
    const { parts } = this;
    const under = new Set<number>();
    for (const letter of this.sets.at(set)) {
      const { toIndex, fromIndex } = parts.letter(letter);
      const isAsBefore =
        before !== null &&
        after[toIndex] === before[toIndex] &&
        after[fromIndex] === before[fromIndex];
      if (isAsBefore || this.isHeard(letter, after)) under.add(letter);
    }
    const fresh: number[] = [];
    const post = (letter: number): void => {
      if (under.has(letter) || !this.isHeard(letter, after)) return;
      under.add(letter);
      fresh.push(letter);
    };
    sent.forEach(post);
    if (this.sendsAtOnce) {
      for (const site of SITE_INDICES) {
        if (before !== null && after[site] === before[site]) continue;
        this.ticked(after[site], moment).forEach(post);
        for (const letter of [...under]) {
          if (parts.letter(letter).toIndex === site)
            this.heard(letter, after, moment).forEach(post);
        }
      }
      for (let letter = fresh.pop(); letter !== undefined; letter = fresh.pop()) {
        this.heard(letter, after, moment).forEach(post);
      }
    }
    return this.sets.numberOf([...under].sort((a, b) => a - b));
  }

  private isHeard(letter: number, sites: Sites): boolean {
    const { toIndex, fromIndex } = this.parts.letter(letter);
    return this.parts.isHeardStill(letter, sites[toIndex], sites[fromIndex]);
  }

  private ticked(state: number, moment: number): readonly number[] {
    const { parts } = this;
    if (parts.summary(state).dueMs > (MOMENTS_MS[moment] ?? 0)) return NOTHING;
    return parts.silentlySent(state, parts.tickNumber, moment);
  }

  private heard(letter: number, sites: Sites, moment: number): readonly number[] {
    const { parts } = this;
    const state = sites[parts.letter(letter).toIndex];
    return parts.silentlySent(state, parts.deliveryNumber(letter), moment);
  }
}
