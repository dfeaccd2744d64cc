import type { FaultKind, OptionValue } from '../options.js';

/** A small change of the real code, told by text: the old one must occur exactly once. */
export interface Edit {
  /** Below `src`, as in `protocol/shard/merge.ts`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A mistake planted on purpose, to see that the judges see it. */
export interface Mutant {
  readonly id: string;
  /** What the changed code does wrong, in a sentence. */
  readonly title: string;
  readonly edits: readonly Edit[];
  /** The mix of faults that fits it is tried first; the full one after that. */
  readonly only?: readonly FaultKind[];
  readonly sites?: number;
  /** Options pinned in every run, so that what it takes is not absent from most of them. */
  readonly set?: Readonly<Record<string, OptionValue>>;
  /** Seeds to try from each start point, where the usual number is too small. */
  readonly seeds?: number;
  /**
   * The scenario that has to fail by what it shows, where what it takes (a third change of primary,
   * say) is too rare in random runs. No seeds are run then.
   */
  readonly scenario?: string;
  readonly redundant?: Redundancy;
}

/** The code stays right without what this mutant drops. It is listed as a survivor. */
export interface Redundancy {
  readonly reason: string;
  /** The mutant that drops what covers for this one, and has to be killed. */
  readonly guard: string;
}

export type Mutated = { readonly ok: true; readonly text: string } | MutationFault;
export interface MutationFault {
  readonly ok: false;
  readonly reason: string;
}

/** Applies those edits of the mutant that are for this file. */
export function mutate(mutant: Mutant, file: string, text: string): Mutated {
  let result = text;
  for (const edit of mutant.edits) {
    if (edit.file !== file) continue;
    const count = result.split(edit.find).length - 1;
    if (count !== 1) {
      const what = JSON.stringify(edit.find);
      return { ok: false, reason: `${mutant.id}: ${what} is in ${file} ${count} times` };
    }
    result = result.replace(edit.find, () => edit.replace);
  }
  return { ok: true, text: result };
}
