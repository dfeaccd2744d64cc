import { comparePositions } from '../log-entry.js';
import type { ContentPort } from '../ports.js';
import type { ShardDrive } from '../shard-drive.js';
import type { Timers } from '../timers.js';
import { RecentSet } from '../recent-set.js';
import type { EndAnswer, ReadAnswer, WriteAnswer, WriteRequest } from '../request.js';
import { TransientMap } from '../transient-map.js';
import { withoutBytes } from './light-content.js';
import type { SiteMessage } from './messages.js';

/** What came of a call to a site that may be a primary. */
export type CallResult<T> =
  | { readonly ok: true; readonly value: T }
  /** Certainly not sent. */
  | { readonly ok: false; readonly reason: 'unreachable' }
  /** Sent, and no answer: the session broke, or time ran out. */
  | { readonly ok: false; readonly reason: 'lost' };

/** A site, and the epoch in which it is believed to be the primary. */
export interface Reigning {
  readonly site: string;
  readonly epoch: number;
}

/** More attempts than can be under way between two sites. */
const HEARD_LEAST = 16_384;

type Reply = WriteAnswer | ReadAnswer | EndAnswer;

export interface CallPorts {
  readonly timers: Timers;
  readonly content: ContentPort;
  send(to: string, message: SiteMessage): boolean;
}

interface OpenCall {
  readonly to: string;
  readonly done: (result: CallResult<Reply>) => void;
  readonly timer: { cancel(): void };
}

/** Questions between sites, each answered at most once, given up when the session breaks. */
export class SiteCalls {
  private readonly open = new TransientMap<number, OpenCall>();
  private nextId = 1;
  /** Attempts heard lately: one that is delivered again is not tried again. */
  private readonly heard = new RecentSet<string>(HEARD_LEAST);

  constructor(
    private readonly site: string,
    private readonly run: string,
    private readonly drives: ReadonlyMap<string, ShardDrive>,
    private readonly ports: CallPorts,
  ) {}

  submit(
    to: Reigning,
    shard: string,
    request: WriteRequest,
    untilMs: number,
    done: (result: CallResult<WriteAnswer>) => void,
  ): void {
    const { site, epoch } = to;
    const { run } = this;
    if (site === this.site) {
      this.here(untilMs, (answered) => this.propose(shard, request, epoch, [], answered), done);
      return;
    }
    this.call(
      site,
      untilMs,
      (id) => ({ kind: 'submit', id, run, epoch, shard, request }),
      (result) => done(result as CallResult<WriteAnswer>),
    );
  }

  ask(
    to: string,
    shard: string,
    name: string,
    options: {
      readonly bringContent: boolean;
      readonly keep: boolean;
      readonly trace: string | undefined;
    },
    untilMs: number,
    done: (result: CallResult<ReadAnswer>) => void,
  ): void {
    const drive = this.drives.get(shard);
    if (to === this.site) {
      this.here(untilMs, (answered) => drive?.ask(name, null, answered), done);
      return;
    }
    const { bringContent, keep, trace } = options;
    const position = bringContent ? undefined : drive?.heldPosition(name);
    const held = position === undefined ? null : { epoch: position.epoch, seq: position.seq };
    this.call(
      to,
      untilMs,
      (id) => ({
        kind: 'ask',
        id,
        run: this.run,
        shard,
        name,
        held,
        keep,
        ...(trace !== undefined && { trace }),
      }),
      (result) => done(result as CallResult<ReadAnswer>),
    );
  }

  /** `catalogue`: the bucket that this site wants to list without asking; null: none. */
  askEnd(
    to: string,
    shard: string,
    catalogue: string | null,
    untilMs: number,
    done: (result: CallResult<EndAnswer>) => void,
  ): void {
    if (to === this.site) {
      this.here(untilMs, (answered) => this.drives.get(shard)?.askEnd(null, answered), done);
      return;
    }
    const kept = catalogue === null ? {} : { catalogue };
    this.call(
      to,
      untilMs,
      (id) => ({ kind: 'ask-end', id, run: this.run, shard, ...kept }),
      (result) => done(result as CallResult<EndAnswer>),
    );
  }

  receive(from: string, message: Exclude<SiteMessage, { kind: 'shard' }>): void {
    switch (message.kind) {
      case 'submit':
        if (!this.isNew(message)) return;
        this.propose(message.shard, message.request, message.epoch, [from], (answer) =>
          this.ports.send(from, { kind: 'submitted', id: message.id, run: message.run, answer }),
        );
        return;
      case 'ask': {
        const { shard, name, id, run, held, keep } = message;
        const asker = keep ? { site: from, run } : null;
        this.drives
          .get(shard)
          ?.ask(name, asker, (answer) =>
            this.ports.send(from, { kind: 'asked', id, run, answer: lighten(answer, held) }),
          );
        return;
      }
      case 'ask-end': {
        const { shard, id, run, catalogue } = message;
        const keep = catalogue === undefined ? null : { site: from, run, catalogue };
        this.drives
          .get(shard)
          ?.askEnd(keep, (answer) => this.ports.send(from, { kind: 'ended', id, run, answer }));
        return;
      }
      case 'submitted':
      case 'asked':
      case 'ended':
        if (message.run !== this.run) return; // for an earlier process of this site
        return this.finish(message.id, from, { ok: true, value: message.answer });
    }
  }

  /** The session broke: what was asked on it may or may not have been heard. */
  lost(site: string): void {
    for (const [id, call] of [...this.open.entries()]) {
      if (call.to === site) this.finish(id, site, { ok: false, reason: 'lost' });
    }
  }

  private isNew(attempt: { readonly run: string; readonly id: number }): boolean {
    const key = `${attempt.run}/${attempt.id}`;
    if (this.heard.has(key)) return false;
    this.heard.add(key);
    return true;
  }

  /** Large content moves to the primary before the log entry that names it. */
  private propose(
    shard: string,
    request: WriteRequest,
    epoch: number,
    sources: readonly string[],
    done: (answer: WriteAnswer) => void,
  ): void {
    const drive = this.drives.get(shard);
    const { intent } = request;
    if (intent.kind !== 'put' || intent.content.kind !== 'chunked') {
      drive?.propose(request, epoch, done);
    } else {
      this.ports.content.ensure(intent.content, sources, () =>
        drive?.propose(request, epoch, done),
      );
    }
  }

  /** The same bound for a question to this site itself. */
  private here<T>(
    untilMs: number,
    ask: (answered: (value: T) => void) => void,
    done: (result: CallResult<T>) => void,
  ): void {
    let isOpen = true;
    const finish = (result: CallResult<T>): void => {
      if (!isOpen) return;
      isOpen = false;
      timer.cancel();
      done(result);
    };
    const timer = this.ports.timers.wake(untilMs, () => finish({ ok: false, reason: 'lost' }));
    ask((value) => finish({ ok: true, value }));
  }

  private call(
    to: string,
    untilMs: number,
    message: (id: number) => SiteMessage,
    done: (result: CallResult<Reply>) => void,
  ): void {
    const id = this.nextId++;
    if (!this.ports.send(to, message(id))) {
      this.ports.timers.endOfTurn(() => done({ ok: false, reason: 'unreachable' }));
      return;
    }
    const timer = this.ports.timers.wake(untilMs, () =>
      this.finish(id, to, { ok: false, reason: 'lost' }),
    );
    this.open.set(id, { to, done, timer });
  }

  private finish(id: number, from: string, result: CallResult<Reply>): void {
    const call = this.open.get(id);
    if (call === undefined || call.to !== from) return;
    this.open.take(id);
    call.timer.cancel();
    call.done(result);
  }
}

/** Leaves out inline bytes that the asking site has in its log already. */
function lighten(answer: ReadAnswer, held: { epoch: number; seq: number } | null): ReadAnswer {
  if (answer.outcome !== 'head' || answer.head === null || held === null) return answer;
  const { head } = answer;
  return comparePositions(head, held) > 0 ? answer : { ...answer, head: withoutBytes(head) };
}
