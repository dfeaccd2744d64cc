import { comparePositions } from '../../protocol/log-entry.js';
import { reachedByQuorum } from '../../protocol/quorum.js';
import { endSeq, slice } from '../../protocol/shard/log-tail.js';
import { answerText, positionText } from './description.js';
import type { Stage } from './stage.js';
import { viewHead, viewPosition, writtenImage } from './station.js';

/**
 * `expect SITE WHAT VALUE …` or `expect answer NAME TEXT …`: throws with what is there instead.
 * Several values of `role`, `log` and answers are compared as a whole.
 */
export function checkExpectation(stage: Stage, words: readonly string[]): void {
  const [subject = '', what = '', ...rest] = words;
  const wanted = subject === 'answer' || subject === 'flight' ? rest.join(' ') : rest.join(' ');
  const found =
    subject === 'answer'
      ? answered(stage, what)
      : subject === 'flight'
        ? flying(stage, what, rest)
        : stateText(stage, subject, what, rest);
  const value = subject === 'flight' ? (rest.at(-1) ?? '') : wantedValue(what, rest, wanted);
  if (found !== value) throw new Error(`it is ${found}`);
}

function wantedValue(what: string, rest: readonly string[], wanted: string): string {
  return what === 'file' ? rest.slice(1).join(' ') : wanted;
}

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
      flight.text.startsWith(text),
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
    case 'incarnation':
      return String(state.config.incarnation);
    case 'installing':
      return state.hard.installing ? 'yes' : 'no';
    case 'claim':
      return state.claim.attempt?.kind ?? 'none';
    case 'acts':
      return acts(stage, site);
    case 'ahead':
      return isAhead(stage, site, rest[0] ?? '') ? (rest[0] ?? '') : 'nobody';
    default:
      throw new Error(`nothing is known as "${what}"`);
  }
}

function writtenOrSynced(stage: Stage, site: string): string {
  const { image, unsynced } = stage.station(site);
  const written = writtenImage(stage.station(site));
  const count = unsynced.length === 0 ? '' : ` then ${written.entries.length}`;
  return `${image.entries.length}${count}`;
}

/** Whether the primary may answer reads at this moment. */
function acts(stage: Stage, site: string): string {
  const { role, clock, config } = stage.state(site);
  if (role.kind !== 'primary') return 'no';
  const now = stage.now(site);
  const advance = Math.max(now.monoMs - clock.monoMs, now.wallMs - clock.wallMs, 0);
  const ends = [Infinity, ...[...role.replicas.values()].map(({ actEndMs }) => actEndMs)];
  return clock.holderMs + advance < reachedByQuorum(ends, config.writeQuorum) ? 'yes' : 'no';
}

function isAhead(stage: Stage, site: string, other: string): boolean {
  const [own, its] = [site, other].map((each) => {
    const { log } = stage.state(each);
    return log.entries.at(-1) ?? log.before;
  });
  return own !== undefined && its !== undefined && comparePositions(its, own) > 0;
}
