import { describe } from '../../../src/simulator/judges/finding.js';
import { type Fields, isFields } from '../api/http.ts';
import { KINDS } from '../map/message-kind.ts';
import { MessageRows } from './message-rows.ts';
import { eventText, faultText } from './moment-text.ts';
import { Newest } from './newest.ts';
import {
  FATES,
  type Moment,
  OUTCOMES,
  type Outcome,
  type Recording,
  type Reign,
  SITE_STATES,
  type SiteState,
  type Step,
  type ToldFinding,
} from './recording.ts';
import { titleOf } from './site-titles.ts';
import { isOperation, isSiteName, isTime, readMessageKind } from './trace-line.ts';

/** The version of the trace format that this reads. */
const TRACE_VERSION = 1;
const KIND_LIST = KINDS.map(({ kind }) => kind);

export const LIMITS = {
  messages: 400_000,
  moments: 20_000,
  /** Of one site, direction or shard. */
  steps: 10_000,
  /** Of one outcome. */
  operations: 100_000,
  findings: 100,
  findingOperations: 20,
  sites: 16,
  shards: 64,
  textCharacters: 4000,
};

/** Takes a trace line by line and keeps what a page shows of it, in bounded memory. */
export class Recorder {
  private seed: number | null = null;
  private endMs = 0;
  private hasEnd = false;
  private badLines = 0;
  private readonly sites: string[] = [];
  private readonly messages: MessageRows;
  private readonly moments: Newest<Moment>;
  private readonly siteSteps = new Map<string, Newest<Step<SiteState>>>();
  private readonly cutSteps = new Map<string, Newest<Step<number>>>();
  private readonly reignSteps = new Map<string, Newest<Step<Reign>>>();
  private readonly ended: Readonly<Record<Outcome, Newest<number>>>;
  private readonly findings: ToldFinding[] = [];

  constructor(private readonly limits = LIMITS) {
    this.messages = new MessageRows(limits.messages);
    this.moments = new Newest(limits.moments);
    const ends = (): Newest<number> => new Newest(limits.operations);
    this.ended = {
      committed: ends(),
      rejected: ends(),
      unknown: ends(),
      ok: ends(),
      failed: ends(),
    };
  }

  /** False: it begins as no trace does, and nothing of it is worth reading. */
  take(line: unknown): boolean {
    if (!isFields(line)) return this.refuse();
    if (this.seed === null) {
      const { type, version, seed } = line;
      if (type !== 'trace' || version !== TRACE_VERSION || typeof seed !== 'number') return false;
      this.seed = seed;
      return true;
    }
    return this.takeMore(line) || this.refuse();
  }

  /** A line that could not even be read. */
  refuse(): boolean {
    this.badLines += 1;
    return this.seed !== null;
  }

  /** Null: there was no header. */
  finish(): Recording | null {
    if (this.seed === null) return null;
    const moments = this.moments.take();
    let steps = 0;
    const taken = <T>(all: ReadonlyMap<string, Newest<Step<T>>>): Map<string, readonly Step<T>[]> =>
      new Map(
        [...all].map(([key, newest]) => {
          const { list, leftOut } = newest.take();
          steps += leftOut;
          return [key, list];
        }),
      );
    let operations = 0;
    const endsOf = (outcome: Outcome): Float64Array => {
      const { list, leftOut } = this.ended[outcome].take();
      operations += leftOut;
      return Float64Array.from(list).sort();
    };
    return {
      seed: this.seed,
      endMs: this.endMs,
      sites: this.sites,
      messages: this.messages.columns(KIND_LIST),
      siteSteps: taken(this.siteSteps),
      cutSteps: taken(this.cutSteps),
      reignSteps: taken(this.reignSteps),
      moments: [...moments.list].sort((a, b) => a.atMs - b.atMs),
      ended: {
        committed: endsOf('committed'),
        rejected: endsOf('rejected'),
        unknown: endsOf('unknown'),
        ok: endsOf('ok'),
        failed: endsOf('failed'),
      },
      findings: this.findings,
      hasEnd: this.hasEnd,
      leftOut: {
        messages: this.messages.leftOut,
        moments: moments.leftOut,
        steps,
        operations,
        lines: this.badLines,
      },
    };
  }

  /** False: it is none of a trace's lines. Of what no page shows nothing is looked at. */
  private takeMore(line: Fields): boolean {
    switch (line.type) {
      case 'message':
        return this.takeMessage(line);
      case 'event':
        return this.takeEvent(line);
      case 'site':
        return this.takeSite(line);
      case 'link':
        return this.takeLink(line);
      case 'fault':
        if (!isTime(line.atMs)) return false;
        return this.tell(line.atMs, 'fault', 'bad', faultText(line));
      case 'operation':
        return this.takeOperation(line);
      case 'finding':
        return this.takeFinding(line);
      case 'end':
        if (!isTime(line.atMs)) return false;
        this.reach(line.atMs);
        this.hasEnd = true;
        return true;
      case 'write':
      case 'reset':
      case 'entry':
        return true;
      default:
        return false;
    }
  }

  private takeMessage(line: Fields): boolean {
    const { sentMs, arrivedMs } = line;
    const kind = readMessageKind(line.message);
    const fate = FATES.findIndex((each) => each === line.fate);
    const [from, to] = [this.siteIndex(line.from), this.siteIndex(line.to)];
    if (kind === null || fate < 0 || from < 0 || to < 0) return false;
    if (!isTime(sentMs) || (arrivedMs !== null && !isTime(arrivedMs))) return false;
    this.reach(arrivedMs ?? sentMs);
    this.messages.push({ sentMs, arrivedMs, from, to, kind: KIND_LIST.indexOf(kind), fate });
    return true;
  }

  private takeEvent({ atMs, site, shard, event }: Fields): boolean {
    if (!isTime(atMs) || !isFields(event) || !isSiteName(shard)) return false;
    if (!isSiteName(site) || this.siteIndex(site) < 0) return false;
    const told = eventText(site, shard, event);
    if (told !== null) this.tell(atMs, 'event', told.tone, told.text);
    const epoch = Number(event.epoch ?? 0);
    const now = this.reignSteps.get(shard)?.last?.value;
    if (event.kind === 'serving' && epoch >= (now?.epoch ?? 0)) {
      this.step(this.reignSteps, shard, this.limits.shards, atMs, { site, epoch });
    }
    if (event.kind === 'stepped-down') this.endReign(atMs, shard, site);
    return true;
  }

  private takeSite({ atMs, site, state }: Fields): boolean {
    const known = SITE_STATES.find((each) => each === state);
    if (!isTime(atMs) || known === undefined || !isSiteName(site)) return false;
    if (this.siteIndex(site) < 0) return false;
    const isFirst = this.siteSteps.get(site) === undefined;
    this.step(this.siteSteps, site, this.limits.sites, atMs, known);
    if (known === 'down')
      for (const shard of this.reignSteps.keys()) this.endReign(atMs, shard, site);
    if (isFirst && atMs === 0) return true;
    const texts = { up: 'runs', down: 'is down', paused: 'stands still', asleep: 'sleeps' };
    const tone = known === 'up' ? 'good' : 'bad';
    return this.tell(atMs, 'site', tone, `${titleOf(site)} ${texts[known]}`);
  }

  private takeLink({ atMs, from, to, untilMs }: Fields): boolean {
    if (!isTime(atMs) || !isTime(untilMs) || !isSiteName(from) || !isSiteName(to)) return false;
    if (this.siteIndex(from) < 0 || this.siteIndex(to) < 0) return false;
    const ways = this.limits.sites * this.limits.sites;
    this.step(this.cutSteps, `${from} ${to}`, ways, atMs, untilMs);
    return true;
  }

  private takeOperation(line: Fields): boolean {
    const outcome = OUTCOMES.find((each) => each === line.outcome);
    if (outcome === undefined) return false;
    if (isTime(line.endMs)) this.ended[outcome].push(line.endMs);
    return true;
  }

  private takeFinding({ invariant, message, operations }: Fields): boolean {
    if (typeof invariant !== 'string' || typeof message !== 'string') return false;
    if (this.findings.length >= this.limits.findings) return true;
    const told = (Array.isArray(operations) ? operations : []).filter(isOperation);
    const ends = told.map(({ startMs, endMs }) => endMs ?? startMs);
    const atMs = ends.length === 0 ? this.endMs : Math.max(...ends);
    const { textCharacters, findingOperations } = this.limits;
    this.findings.push({
      invariant: invariant.slice(0, textCharacters),
      message: message.slice(0, textCharacters),
      atMs,
      operations: told.slice(0, findingOperations).map(describe),
    });
    return this.tell(atMs, 'finding', 'bad', `${invariant}: what cannot be`);
  }

  private endReign(atMs: number, shard: string, site: string): void {
    const now = this.reignSteps.get(shard)?.last?.value;
    if (now?.site !== site) return;
    const { shards } = this.limits;
    this.step(this.reignSteps, shard, shards, atMs, { site: '', epoch: now.epoch });
  }

  private step<T>(
    into: Map<string, Newest<Step<T>>>,
    key: string,
    most: number,
    atMs: number,
    value: T,
  ): void {
    let steps = into.get(key);
    if (steps === undefined) {
      if (into.size >= most) return;
      into.set(key, (steps = new Newest(this.limits.steps)));
    }
    this.reach(atMs);
    steps.push({ atMs, value });
  }

  private tell(atMs: number, what: Moment['what'], tone: Moment['tone'], text: string): true {
    this.reach(atMs);
    this.moments.push({ atMs, what, tone, text });
    return true;
  }

  private reach(atMs: number): void {
    if (!this.hasEnd) this.endMs = Math.max(this.endMs, atMs);
  }

  /** -1: it is no name, or there are too many. */
  private siteIndex(site: unknown): number {
    if (!isSiteName(site)) return -1;
    const known = this.sites.indexOf(site);
    if (known >= 0 || this.sites.length >= this.limits.sites) return known;
    return this.sites.push(site) - 1;
  }
}
