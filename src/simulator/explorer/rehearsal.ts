import type { Exploration, Found, Step } from './exploration.js';
import type { Scene, SiteIndex } from './world-steps.js';
import { SITE_INDICES } from './world-steps.js';

/** A move that was really made: nothing is left to be made at once. */
export type Rehearsed = readonly Step[];

/**
 * The path with everything that has to be sent on the way, and without any move that the fault can
 * do without: none of its moves can be left out, though another path may be shorter still.
 */
export function rehearse(exploration: Exploration, { fault, path }: Found): Rehearsed {
  let moves = withSendings(exploration, path);
  if (!leadsTo(exploration, moves, fault)) throw new Error(`cannot be played: ${fault}`);
  for (let isShorter = true; isShorter; ) {
    isShorter = false;
    for (let index = moves.length - 1; index >= 0; index -= 1) {
      const fewer = moves.filter((_, at) => at !== index);
      if (!leadsTo(exploration, fewer, fault)) continue;
      moves = fewer;
      isShorter = true;
    }
  }
  return moves;
}

/** Before each step, whatever may be sent without a change of its sender. */
function withSendings({ steps, post }: Exploration, path: readonly Step[]): Step[] {
  const { parts } = steps;
  const made: Step[] = [];
  const sent = new Set<number>();
  let scene: Scene = steps.first();
  const send = (site: SiteIndex, move: number): boolean => {
    const moment = steps.momentOf(scene);
    const fresh = parts
      .silentlySent(scene.sites[site], move, moment)
      .filter((letter) => !sent.has(letter));
    if (fresh.length === 0) return false;
    for (const letter of fresh) sent.add(letter);
    made.push({ site, move, moment });
    return true;
  };
  const sendAll = (): void => {
    for (const site of SITE_INDICES) {
      if (steps.movesAt(scene, site).includes(parts.tickNumber)) send(site, parts.tickNumber);
    }
    for (const letter of sent) send(parts.letter(letter).toIndex, parts.deliveryNumber(letter));
  };
  for (const step of path) {
    if (post.sendsAtOnce) sendAll();
    if (step.moment > steps.momentOf(scene)) {
      scene = steps.later(scene);
      made.push({ site: null, move: 0, moment: step.moment });
      if (post.sendsAtOnce) sendAll();
    }
    if (step.site === null) continue;
    const outcome = steps.outcome(scene, step.site, step.move);
    made.push(step);
    for (const letter of outcome.sent) sent.add(letter);
    const judged = steps.judged(steps.after(scene, step.site, step.move, outcome));
    if (outcome.fault !== null || typeof judged === 'string') return made;
    scene = judged;
  }
  return made;
}

/** Whether the moves are possible one after the other, and the last of them shows the fault. */
function leadsTo({ steps }: Exploration, moves: readonly Step[], fault: string): boolean {
  const { parts } = steps;
  const sent = new Set<number>();
  let scene: Scene = steps.first();
  for (const [index, { site, move, moment }] of moves.entries()) {
    const isLast = index === moves.length - 1;
    let next: Scene;
    if (site === null) {
      next = steps.later(scene);
    } else {
      if (moment !== steps.momentOf(scene)) return false;
      const made = parts.move(move);
      const isPossible =
        made.kind === 'deliver'
          ? sent.has(made.message)
          : steps.movesAt(scene, site).includes(move);
      if (!isPossible) return false;
      const outcome = steps.outcome(scene, site, move);
      if (outcome.fault !== null) return isLast && outcome.fault === fault;
      for (const letter of outcome.sent) sent.add(letter);
      next = steps.after(scene, site, move, outcome);
    }
    const judged = steps.judged(next);
    if (typeof judged === 'string') return isLast && judged === fault;
    scene = judged;
  }
  return false;
}
