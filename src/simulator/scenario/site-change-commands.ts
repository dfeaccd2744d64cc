import type { Configuration } from '../../protocol/log-entry.js';
import type { WriteIntent } from '../../protocol/request.js';
import type { Roster } from '../../protocol/shard/membership.js';
import type { Stage } from './stage.js';

/*
 * Commands for sites that come and go: `configure SITE cVERSION WCOUNT SITE+SINCE … as ID`, `probe` with
 * the same words, `configured SITE cVERSION as ID`, `roster learning SITE … leaving SITE …`.
 */

export function playChange(stage: Stage, verb: string, words: readonly string[]): boolean {
  if (verb !== 'configure' && verb !== 'probe' && verb !== 'configured') return false;
  const [site = '', versionWord = '', quorumWord = '', ...rest] = words;
  const ticket = words[words.indexOf('as') + 1];
  if (!words.includes('as') || ticket === undefined) throw new Error('say "as NAME"');
  const version = numbered(versionWord, 'c');
  const intent: WriteIntent =
    verb === 'configured'
      ? { kind: verb, version }
      : {
          kind: 'configure',
          configuration: configurationOf(version, numbered(quorumWord, 'W'), rest),
          probe: verb === 'probe',
        };
  stage.propose(site, ticket, { requestId: ticket, since: null, conditions: {}, intent }, null);
  return true;
}

function configurationOf(
  version: number,
  writeQuorum: number,
  words: readonly string[],
): Configuration {
  const named = words.slice(0, words.indexOf('as')).map((word) => word.split('+'));
  const since = named.flatMap(([site = '', least]) =>
    least === undefined ? [] : [[site, Number(least)] as const],
  );
  const sites = named.map(([site = '']) => site);
  return { version, sites, writeQuorum, since: Object.fromEntries(since) };
}

function numbered(word: string, letter: string): number {
  const value = Number(word.slice(1));
  if (!word.startsWith(letter) || !Number.isInteger(value)) {
    throw new Error(`"${word}" is not ${letter} and a number`);
  }
  return value;
}

export function rosterOf(words: readonly string[]): Roster {
  const roster: { learners: string[]; leaving: string[] } = { learners: [], leaving: [] };
  let list = roster.learners;
  for (const word of words) {
    if (word === 'learning') list = roster.learners;
    else if (word === 'leaving') list = roster.leaving;
    else list.push(word);
  }
  return roster;
}
