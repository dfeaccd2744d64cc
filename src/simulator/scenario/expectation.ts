import { holdersOfFile, type Lender } from '../../protocol/lease/lender.js';
import { endSeq, slice } from '../../protocol/shard/log-tail.js';
import { activeOf, reachedByAll } from '../../protocol/shard/membership.js';
import { voices } from '../../protocol/shard/voices.js';
import { answerText, configurationText, positionText } from './description.js';
import { versionText } from './stage-clients.js';
import type { Stage } from './stage.js';
import { viewHead, viewPosition, writtenImage } from './station.js';

/**
 * `expect SITE WHAT VALUE …` or `expect answer NAME TEXT …`: throws with what is there instead.
 * Several words are compared as a whole.
 */
export function checkExpectation(stage: Stage, words: readonly string[]): void {
  const [subject = '', what = '', ...rest] = words;
  const isFlight = subject === 'flight';
  const found = isFlight
    ? flying(stage, what, rest)
    : subject === 'answer'
      ? answered(stage, what)
      : subject === 'client'
        ? stage.clients.held(what, rest[1] ?? '')
        : stateText(stage, subject, what, rest);
  const isNamed = NAMED.has(what);
  const from = subject === 'client' ? 2 : isNamed ? 1 : 0;
  const wanted = isFlight ? (rest.at(-1) ?? '') : rest.slice(from).join(' ');
  if (found !== wanted) throw new Error(`it is ${found}`);
}

/** What is asked of one file, or of one holder. */
const NAMED = new Set(['file', 'leased', 'listed', 'generation', 'registered']);

function answered(stage: Stage, name: string): string {
  const answer = stage.answers.get(name);
  return answer === undefined ? 'none' : answerText(answer);
}

/** How many messages are under way: `expect flight nyc>tor append 2`. */
function flying(stage: Stage, way: string, rest: readonly string[]): string {
  const [from = '*', to = '*'] = way.split('>');
  const text = rest.slice(0, -1).join(' ');
  const count = stage.flights.filter(
    (flight) =>
      (from === '*' || from === flight.from) &&
      (to === '*' || to === flight.to) &&
      (flight.text === text || flight.text.startsWith(`${text} `)),
  ).length;
  return String(count);
}

function stateText(stage: Stage, site: string, what: string, rest: readonly string[]): string {
  const station = stage.station(site);
  if (what === 'disk') return writtenOrSynced(stage, site);
  if (what === 'view') return String(viewPosition(station.view).seq);
  if (what === 'file') {
    const head = viewHead(station.view, rest[0] ?? '');
    return head === undefined ? 'none' : `v${head.version} ${positionText(head)}`;
  }
  if (what === 'up') return station.state === null ? 'no' : 'yes';
  const state = stage.state(site);
  const { role } = state;
  switch (what) {
    case 'role':
      if (role.kind === 'replica') return 'replica';
      return `${role.kind} e${role.epoch}${role.kind === 'primary' ? ` ${role.phase}` : ''}`;
    case 'commit':
      return String(state.commitSeq);
    case 'released':
      return String(state.releasedSeq);
    case 'end':
      return String(endSeq(state.log));
    case 'log':
      return slice(state.log, 1, endSeq(state.log)).map(positionText).join(' ') || 'empty';
    case 'promised':
      return String(state.hard.promisedEpoch);
    case 'joined':
      return state.durable.joined ? 'yes' : 'no';
    case 'active':
      return activeOf(state).map(configurationText).join(', ');
    case 'incarnation':
      return String(state.config.incarnation);
    case 'installing':
      return state.hard.installing ? 'yes' : 'no';
    case 'claim':
      return state.claim.attempt?.kind ?? 'none';
    case 'acts':
      return acts(stage, site);
    case 'leased': {
      const grant = stage.look(site, (step) => stage.core.heldGrant(step, rest[0] ?? ''));
      return grant === undefined ? 'none' : versionText(grant.version);
    }
    case 'registered':
      return holders(state.clients.lender, rest[0] ?? '');
    case 'listed':
      return role.kind === 'primary' ? holders(role.lender, rest[0] ?? '') : 'not the primary';
    case 'generation':
      if (role.kind !== 'primary') return 'not the primary';
      return String(role.lender.holders.get(rest[0] ?? '')?.generation ?? 'none');
    case 'held':
      return role.kind === 'primary' ? String(role.held.size) : 'not the primary';
    default:
      throw new Error(`nothing is known as "${what}"`);
  }
}

function holders(lender: Lender, name: string): string {
  const ids = [...holdersOfFile(lender, name)].map(({ id }) => id);
  return ids.sort().join(' ') || 'none';
}

function writtenOrSynced(stage: Stage, site: string): string {
  const { image, unsynced } = stage.station(site);
  const written = writtenImage(stage.station(site));
  const count = unsynced.length === 0 ? '' : ` then ${written.entries.length}`;
  return `${image.entries.length}${count}`;
}

/** Whether the primary may answer reads at this moment. */
function acts(stage: Stage, site: string): string {
  const state = stage.state(site);
  const { role, clock } = state;
  if (role.kind !== 'primary') return 'no';
  const now = stage.now(site);
  const advance = Math.max(now.monoMs - clock.monoMs, now.wallMs - clock.wallMs, 0);
  const voiceOf = voices(state, role, Infinity, ({ actEndMs }) => actEndMs);
  return clock.holderMs + advance < reachedByAll(activeOf(state), voiceOf) ? 'yes' : 'no';
}
