import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { ScenarioFailure, playScenario } from '../scenario/script.js';

/** What a site shows to a client or takes for committed, and whether it would answer one. */
const VISIBLE = /^expect (answer |client |\S+ (acts|file|view|commit|released|leased) )/;
/** An assertion of the protocol's own code. */
const INVARIANT = /^I\d+(?=:)/;

export type ScenarioVerdict =
  /** `by`: the line that did not hold, or the invariant. */
  | { readonly verdict: 'killed'; readonly by: string; readonly message: string }
  | { readonly verdict: 'holds' }
  /** It fails, but by nothing that anybody would notice: it proves nothing. */
  | { readonly verdict: 'unusable'; readonly message: string };

/** Plays a scenario with the protocol of this copy. What it expects of visible behaviour decides. */
export async function playAgainst(folder: string, text: string): Promise<ScenarioVerdict> {
  const path = join(folder, 'simulator', 'scenario', 'script.js');
  const module = (await import(pathToFileURL(path).href)) as {
    readonly playScenario: typeof playScenario;
  };
  try {
    module.playScenario(text);
    return { verdict: 'holds' };
  } catch (error) {
    return judgeScenarioFailure(error);
  }
}

/** Whether a failure, of a copy's class perhaps and not of this one's, shows something visible. */
export function judgeScenarioFailure(
  error: unknown,
): Exclude<ScenarioVerdict, { readonly verdict: 'holds' }> {
  const { command = '', reason = '', message } = error as Partial<ScenarioFailure> & Error;
  const invariant = INVARIANT.exec(reason)?.[0];
  if (invariant !== undefined) return { verdict: 'killed', by: invariant, message };
  if (VISIBLE.test(command)) return { verdict: 'killed', by: command, message };
  return { verdict: 'unusable', message };
}
