import type { Content } from '../../protocol/file-version.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../protocol/shard/config.js';
import type { WriteConditions, WriteIntent } from '../../protocol/request.js';
import { nameHash, parsePattern } from '../../protocol/primary-table.js';
import { type Core, REAL_CORE } from './core.js';
import { checkExpectation } from './expectation.js';
import { playChange, rosterOf } from './site-change-commands.js';
import { type Flight, Stage } from './stage.js';

/** A line of a scenario that cannot be read, or an expectation that does not hold. */
export class ScenarioFailure extends Error {
  override readonly name = 'ScenarioFailure';

  constructor(
    readonly line: number,
    readonly command: string,
    readonly reason: string,
    readonly trace: readonly string[],
  ) {
    super(`line ${line}, "${command}": ${reason}`);
  }
}

/** More than this in one `run` or `settle` means that it would never end. */
const STEP_LIMIT = 2_000;
const ROUND_LIMIT = 500;

/**
 * Plays a scenario and returns its trace: each command, and beneath it every input and effect it
 * caused. Throws a ScenarioFailure at the first line that cannot be carried out or does not hold.
 */
export function playScenario(text: string, core: Core = REAL_CORE): string[] {
  const player = new Player(core);
  text.split('\n').forEach((raw, index) => {
    const command = raw.replace(/(^|\s)\/\/.*$/, '').trim();
    if (command === '') return;
    player.trace.push(command);
    try {
      player.play(command.split(/\s+/));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw new ScenarioFailure(index + 1, command, error.message, player.trace);
    }
  });
  return player.trace;
}

type Rule = (flight: Flight) => boolean;

class Player {
  readonly trace: string[] = [];
  private stage: Stage | null = null;
  private sites = ['nyc', 'tor', 'lon'];
  /** The first so many of them make the cluster; all where nothing is said. */
  private founders = Number.POSITIVE_INFINITY;
  private writeQuorum = 2;
  private timing = DEFAULT_TIMING;
  private limits = DEFAULT_LIMITS;
  private readonly holds = new Map<string, Rule>();
  private readonly heldDisks = new Set<string>();
  private readonly heldClocks = new Set<string>();

  constructor(private readonly core: Core) {}

  play(words: string[]): void {
    const [verb = '', ...rest] = words;
    if (this.configure(verb, rest)) return;
    const stage = (this.stage ??= this.begin());
    if (this.playNetwork(stage, verb, rest)) return;
    if (this.playSite(stage, verb, rest)) return;
    if (this.playClient(stage, verb, rest)) return;
    if (playChange(stage, verb, rest)) return;
    throw new Error(`no such command: ${verb}`);
  }

  private begin(): Stage {
    const founding = this.sites.slice(0, this.founders);
    const stage = new Stage(this.core, this.sites, this.writeQuorum, founding);
    stage.timing = this.timing;
    stage.limits = this.limits;
    stage.begin();
    stage.trace.length = 0; // the same for all: nothing to see
    return Object.assign(stage, { trace: this.trace });
  }

  /** What has to stand before the first command. */
  private configure(verb: string, words: readonly string[]): boolean {
    const [key = '', value = ''] = words;
    if (!['sites', 'founders', 'quorum', 'timing', 'limits'].includes(verb)) return false;
    if (this.stage !== null) throw new Error('comes too late');
    if (verb === 'sites') this.sites = [...words];
    if (verb === 'founders') this.founders = count(key);
    if (verb === 'quorum') this.writeQuorum = count(key);
    if (verb === 'timing') {
      if (!(key in DEFAULT_TIMING)) throw new Error(`no such duration: ${key}`);
      this.timing = { ...this.timing, [key]: count(value) };
    }
    if (verb === 'limits') {
      if (!(key in DEFAULT_LIMITS)) throw new Error(`no such limit: ${key}`);
      this.limits = { ...this.limits, [key]: count(value) };
    }
    return true;
  }

  private playNetwork(stage: Stage, verb: string, words: readonly string[]): boolean {
    switch (verb) {
      case 'deliver': {
        const flight = stage.take(picker(words));
        if (flight === undefined) throw new Error('no such message is under way');
        flight.arrive();
        return true;
      }
      case 'repeat': {
        const flight = stage.flights.find(picker(words));
        if (flight === undefined) throw new Error('no such message is under way');
        flight.arrive();
        return true;
      }
      case 'drop': {
        const picks = picker(words);
        let dropped = 0;
        for (let flight = stage.take(picks); flight; flight = stage.take(picks)) {
          flight.lost?.();
          dropped += 1;
        }
        if (dropped === 0) throw new Error('no such message is under way');
        return true;
      }
      case 'hold':
        if (words[0] === 'disk') this.heldDisks.add(words[1] ?? '');
        else if (words[0] === 'clock') this.heldClocks.add(words[1] ?? '');
        else this.holds.set(words.join(' '), picker(words));
        return true;
      case 'free':
        if (words[0] === 'disk') this.heldDisks.delete(words[1] ?? '');
        else if (words[0] === 'clock') this.heldClocks.delete(words[1] ?? '');
        else if (words[0] === 'all') this.holds.clear();
        else if (!this.holds.delete(words.join(' '))) throw new Error('nothing is held so');
        return true;
      case 'connect':
      case 'disconnect': {
        const [a = '', b = ''] = (words[0] ?? '').split('-');
        stage[verb](a, b);
        return true;
      }
      case 'settle':
        this.settle(stage);
        return true;
      case 'run':
        this.run(stage, count(words[0]));
        return true;
      case 'advance':
        stage.nowMs += count(words[0]);
        return true;
      default:
        return false;
    }
  }

  private playSite(stage: Stage, verb: string, words: readonly string[]): boolean {
    const [site = '', word = '', more = ''] = words;
    switch (verb) {
      case 'win':
        stage.win(site, word === '' ? undefined : count(word));
        return true;
      case 'tick':
        stage.input(site, { kind: 'tick' });
        return true;
      case 'stop':
        stage.input(site, { kind: 'stop' });
        return true;
      case 'sleep':
        stage.sleep(site, count(word));
        return true;
      case 'jump':
        stage.jump(site, count(word));
        return true;
      case 'sync':
        for (let times = word === '' ? 1 : count(word); times > 0; times -= 1) {
          if (!stage.sync(site, false)) throw new Error('nothing is on its way to disk');
        }
        return true;
      case 'fail':
        if (!stage.sync(site, true)) throw new Error('nothing is on its way to disk');
        return true;
      case 'crash':
        stage.crash(site, word === 'keep' ? count(more) : 0, words.includes('silently'));
        return true;
      case 'start':
        stage.start(site, word === 'silently');
        return true;
      case 'meet':
        stage.input(site, { kind: 'peer', site: word, connected: true });
        return true;
      case 'wipe':
        stage.wipe(site);
        return true;
      case 'replaced':
        stage.retired.set(site, count(word));
        return true;
      case 'roster':
        stage.roster(rosterOf(words));
        return true;
      case 'keep-view':
        stage.keepView(site);
        return true;
      case 'rot':
        stage.rot(site, count(word));
        return true;
      default:
        return false;
    }
  }

  private playClient(stage: Stage, verb: string, words: readonly string[]): boolean {
    switch (verb) {
      case 'write':
      case 'delete':
      case 'move-out':
      case 'move-in':
      case 'move-back':
        propose(stage, verb, words);
        return true;
      case 'ask':
        stage.ask(words[0] ?? '', words[3] ?? '', words[1] ?? '', words[5] ?? '');
        return true;
      case 'ask-end':
        stage.askEnd(words[0] ?? '', words[2] ?? '', words[4], words[6]);
        return true;
      case 'grant':
        stage.grant(words[0] ?? '', words[2] ?? '', words[3] === 'if');
        return true;
      case 'want':
        stage.want(words[0] ?? '');
        return true;
      case 'client':
        playSession(stage, words);
        return true;
      case 'expect':
        checkExpectation(stage, words);
        return true;
      default:
        return false;
    }
  }

  /** Everything that is under way and not held arrives, in the order it was sent. No time passes. */
  private settle(stage: Stage): void {
    for (let rounds = 0; rounds < ROUND_LIMIT; rounds += 1) {
      let moved = this.deliverAll(stage);
      for (const site of stage.sites) {
        if (!this.heldDisks.has(site) && stage.sync(site, false)) moved = true;
      }
      if (moved) continue;
      const due = stage.sites.find((site) => this.isDue(stage, site));
      if (due === undefined) return;
      stage.input(due, { kind: 'tick' });
    }
    throw new Error('does not settle');
  }

  /** What is under way now; not what it brings about. */
  private deliverAll(stage: Stage): boolean {
    const arriving = stage.flights.filter(
      (flight) => ![...this.holds.values()].some((holds) => holds(flight)),
    );
    for (const flight of arriving) if (stage.take((each) => each === flight)) flight.arrive();
    return arriving.length > 0;
  }

  private isDue(stage: Stage, site: string): boolean {
    if (this.heldClocks.has(site) || stage.deadline(site) > stage.nowMs) return false;
    return stage.state(site).role.kind !== 'replica';
  }

  /** Time passes from deadline to deadline, with all that it brings. */
  private run(stage: Stage, ms: number): void {
    const untilMs = stage.nowMs + ms;
    this.settle(stage);
    for (let steps = 0; steps < STEP_LIMIT; steps += 1) {
      const clocks = stage.sites.filter((site) => !this.heldClocks.has(site));
      const atMs = Math.min(...clocks.map((site) => stage.deadline(site)));
      if (atMs > untilMs) {
        stage.nowMs = untilMs;
        return;
      }
      stage.nowMs = Math.max(stage.nowMs, atMs);
      for (const site of clocks) {
        if (stage.deadline(site) <= stage.nowMs) stage.input(site, { kind: 'tick' });
      }
      this.settle(stage);
    }
    throw new Error('does not come to an end');
  }
}

/**
 * `from>to kind word …`: `*` is any site; the words have to be in the message's text as they stand.
 * With `$` at the end they are all of it.
 */
function picker(words: readonly string[]): Rule {
  const [way = '', ...rest] = words;
  const [from = '*', to = '*'] = way.split('>');
  if (!way.includes('>')) throw new Error(`"${way}" is not from>to`);
  const isWhole = rest.at(-1) === '$';
  const text = (isWhole ? rest.slice(0, -1) : rest).join(' ');
  const says = (flight: Flight): boolean =>
    text === '' ||
    flight.text === text ||
    (!isWhole && flight.text.startsWith(`${rest[0]} `) && flight.text.includes(text));
  return (flight) =>
    (from === '*' || from === flight.from) && (to === '*' || to === flight.to) && says(flight);
}

function count(word: string | undefined): number {
  const value = Number(word);
  if (word === undefined || !Number.isInteger(value)) throw new Error(`${word} is not a number`);
  return value;
}

/** `write SITE NAME CONTENT as ID …`, `delete SITE NAME as ID …`, `move-out SITE PATTERN TO …`. */
function propose(
  stage: Stage,
  verb: 'write' | 'delete' | 'move-out' | 'move-in' | 'move-back',
  words: readonly string[],
): void {
  const [site = '', name = ''] = words;
  const options = new Map<string, string>();
  for (const key of ['as', 'id', 'if-version', 'epoch', 'since', 'table', 'to']) {
    const at = words.indexOf(key);
    const value = words[at + 1];
    if (at > 0 && value !== undefined) options.set(key, value);
  }
  const ticket = options.get('as');
  if (ticket === undefined) throw new Error('say "as NAME"');
  const number = (key: string): number | null =>
    options.has(key) ? count(options.get(key)) : null;
  const ifVersion = number('if-version');
  const conditions: WriteConditions = {
    ...(ifVersion === null ? {} : { ifVersion }),
    ...(words.includes('if-absent') ? { ifAbsent: true } : {}),
  };
  const requestId = options.get('id') ?? ticket;
  const since = number('since');
  const tableVersion = number('table') ?? 1;
  const to = options.get('to') ?? '';
  stage.propose(site, ticket, { requestId, since, conditions, intent: intent() }, number('epoch'));

  function intent(): WriteIntent {
    switch (verb) {
      case 'write':
        return { kind: 'put', name, metadata: {}, content: contentOf(words[2] ?? '') };
      case 'delete':
        return { kind: 'delete', name };
      case 'move-in':
        return { kind: verb, pattern: parsePattern(name), tableVersion };
      case 'move-out':
      case 'move-back':
        return { kind: verb, pattern: parsePattern(name), tableVersion, to };
    }
  }
}

/** `client SITE ID renew`, `lend FILE [told ANSWER]`, `done FILE`, `done everything`, `gone`, `bye`. */
function playSession(stage: Stage, words: readonly string[]): void {
  const [site = '', id = '', verb = '', name = ''] = words;
  const { clients, trace } = stage;
  const say = (what: string): unknown => trace.push(`  ${site} = ${id} gets ${what}`);
  switch (verb) {
    case 'renew':
      return void say(clients.renew(site, id));
    case 'lend':
      return void say(clients.lend(site, id, name, words[4] === 'told' ? words[5] : undefined));
    case 'done':
      return clients.done(site, id, name === 'everything' ? null : name);
    case 'gone':
    case 'bye':
      return clients.gone(site, id, verb === 'bye');
    default:
      throw new Error(`a client does not ${verb}`);
  }
}

/** `large:WORD` is content in chunks, any other word is its own content. */
export function contentOf(word: string): Content {
  const etag = nameHash(word).toString(16).padStart(64, '0');
  if (word.startsWith('large:')) {
    return { kind: 'chunked', size: 100_000, etag, chunks: [{ hash: etag, size: 100_000 }] };
  }
  return { kind: 'inline', size: word.length, etag, bytes: new Uint8Array(word.length) };
}
