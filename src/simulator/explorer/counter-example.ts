import { messageText } from '../scenario/description.js';
import type { Station } from '../scenario/station.js';
import { newStation } from '../scenario/station.js';
import { copyStation } from './canonical.js';
import type { Exploration, Step } from './exploration.js';
import type { Rehearsed } from './rehearsal.js';
import { LESSEE, MOMENTS_MS, SITES, TIMING } from './setting.js';
import type { SiteMove } from './site-states.js';
import type { Scene } from './world-steps.js';

/** The moves as a scenario file: played, it leads the real protocol through the same states. */
export function counterExample(exploration: Exploration, fault: string, moves: Rehearsed): string {
  const { claimMs, actMs, quietMs, heartbeatMs } = TIMING;
  const lines = [
    `// ${fault}`,
    `timing claimMs ${claimMs}`,
    `timing actMs ${actMs}`,
    `timing quietMs ${quietMs}`,
    `timing heartbeatMs ${heartbeatMs}`,
    ...new Script(exploration).lines(moves),
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Plays the moves twice at a time: as the exploration sees them, and on sites of their own, whose
 * messages are those that a scenario has under way. Letters with the same name differ in what nobody
 * can tell apart, but a scenario names them in full.
 */
class Script {
  private readonly stations: Station[] = SITES.map(newStation);
  /** By the number of the letter: what was really sent first. */
  private readonly texts = new Map<number, string>();
  private readonly written: string[] = [];

  constructor(private readonly exploration: Exploration) {}

  lines(moves: Rehearsed): readonly string[] {
    const { steps } = this.exploration;
    steps.parts.beginning((site, move, from) => {
      if (move.kind === 'start') this.make(from, site, move, 0);
      else this.write(from, site, move, 0);
    });
    let scene: Scene = steps.first();
    for (const step of moves) scene = this.play(scene, step);
    return this.written;
  }

  private play(scene: Scene, { site, move: number, moment }: Step): Scene {
    const { steps } = this.exploration;
    if (site === null) {
      this.written.push(`advance ${MOMENTS_MS[moment] ?? 0}`);
      return steps.later(scene);
    }
    this.write(scene.sites[site], site, steps.parts.move(number), moment);
    const next = steps.after(scene, site, number, steps.outcome(scene, site, number));
    const judged = steps.judged(next);
    return typeof judged === 'string' ? next : judged;
  }

  private write(from: number, site: number, move: SiteMove, moment: number): void {
    this.written.push(...this.commands(SITES[site] ?? '', move));
    this.make(from, site, move, moment);
  }

  /** Makes the move at the site itself, and notes what it sent. */
  private make(from: number, site: number, move: SiteMove, moment: number): void {
    const { parts } = this.exploration.steps;
    const outcome = parts.after(from, parts.moveNumber(move), moment);
    const station = copyStation(this.stations[site] ?? newStation(SITES[site] ?? ''));
    this.stations[site] = station;
    const sent = parts.letThrough(station, move, moment).filter(({ kind }) => kind === 'send');
    for (const [index, effect] of sent.entries()) {
      const letter = outcome.sent[index];
      if (effect.kind !== 'send' || letter === undefined || this.texts.has(letter)) continue;
      this.texts.set(letter, messageText(effect.message));
    }
  }

  private commands(site: string, move: SiteMove): string[] {
    switch (move.kind) {
      case 'deliver': {
        const { from, message } = this.exploration.steps.parts.letter(move.message);
        // what a question was answered is under way between sites, not between shards
        if (message.kind === 'grant' && !this.texts.has(move.message)) {
          return [`grant ${site} from k@${from}`];
        }
        return [`repeat ${from}>${site} ${this.texts.get(move.message) ?? ''} $`];
      }
      case 'sync':
      case 'tick':
        return [`${move.kind} ${site}`];
      case 'write':
        return [`write ${site} f ${move.write} as w${move.write}@${site} id w${move.write}`];
      case 'want':
      case 'stop':
        return [`${move.kind} ${site}`];
      case 'ask':
        return [`ask ${site} f as k@${site} for ${SITES[LESSEE]}`];
      case 'claim':
        if (SITES[move.holder] === site) return [`win ${site}`];
        return [`repeat coord>${site} claim e${move.epoch} $`];
      case 'crash':
        return crashCommands(site, move);
      case 'restart':
        return [...crashCommands(site, move), `start ${site} silently`];
      case 'meet':
        return [`meet ${site} ${SITES[move.peer]}`];
      case 'start':
        return [`start ${site} silently`];
    }
  }
}

function crashCommands(
  site: string,
  { kept, keepsView }: { readonly kept: number; readonly keepsView: boolean },
): string[] {
  return [...(keepsView ? [`keep-view ${site}`] : []), `crash ${site} keep ${kept} silently`];
}
