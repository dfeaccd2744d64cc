import { messageText } from '../scenario/description.js';
import type { PathMove } from './exploration.js';
import { MOMENTS_MS, SITES, TIMING } from './setting.js';

/** The path as a scenario file: played, it leads the real protocol through the same states. */
export function counterExample(fault: string, path: readonly PathMove[]): string {
  const { claimMs, actMs, quietMs } = TIMING;
  const lines = [
    `// ${fault}`,
    `timing claimMs ${claimMs}`,
    `timing actMs ${actMs}`,
    `timing quietMs ${quietMs}`,
    `win ${SITES[0]}`,
    'settle',
  ];
  for (const step of path) lines.push(...commands(step));
  return `${lines.join('\n')}\n`;
}

function commands(step: PathMove): string[] {
  if (step.site === null) return [`advance ${MOMENTS_MS[step.moment] ?? 0}`];
  const { site, move, letter } = step;
  switch (move.kind) {
    case 'deliver':
      return letter === null
        ? []
        : [`repeat ${letter.from}>${site} ${messageText(letter.message)} $`];
    case 'sync':
    case 'tick':
      return [`${move.kind} ${site}`];
    case 'write':
      return [`write ${site} f ${move.write} as w${move.write}@${site} id w${move.write}`];
    case 'claim':
      if (SITES[move.holder] === site) return [`win ${site}`];
      return [`repeat coord>${site} claim e${move.epoch} $`];
    case 'crash':
      return [
        ...(move.keepsView ? [`keep-view ${site}`] : []),
        `crash ${site} keep ${move.kept} silently`,
      ];
    case 'meet':
      return [`meet ${site} ${SITES[move.peer]}`];
    case 'start':
      return [`start ${site} silently`];
  }
}
