import type {
  ClientMessage,
  DroppedFile,
  KeepTerms,
  ReadFailureReason,
  SessionWriteAnswer,
  ShardLease,
  SiteReply,
  WatchEnd,
} from '../client/messages.js';
import type { Content, FileVersion } from '../file-version.js';
import { comparePositions, type Position } from '../log-entry.js';
import type { WriteIntent, WriteRequest } from '../request.js';
import { ChangeFeed, type FeedPosition } from './change-feed.js';
import { withoutBytes } from './light-content.js';
import { type LostContent, unreadableIn } from '../lost-content.js';
import type { ReadOutcome } from './outcomes.js';
import type { SiteNode } from './site-node.js';

/** What a site adds to the sessions of its clients. */
export interface SessionPorts {
  /** The content of a small file, named by its hash. */
  contentOf(bytes: Uint8Array): Content;
  /** Why a request for this name is refused, or null; judged before anything else. */
  refusal(name: string, forWrite: boolean, done: (reason: string | null) => void): void;
  /** Brings content back that cannot be read here; calls back in a later turn whether it is here. */
  bring(lost: LostContent, done: (isHere: boolean) => void): void;
  /** False for names that no client may hear of. */
  shows(name: string): boolean;
  /** A token of what is released here. */
  position(): string;
  /** Seqs of shards as a token, and back; null for what is none. */
  writeCursor(position: FeedPosition): string;
  readCursor(token: string): FeedPosition | null;
  /** How long a request may take. */
  readonly requestMs: number;
  /** How long a lease that this site lacks itself is waited for. */
  readonly leaseWaitMs: number;
}

interface Session {
  readonly id: string;
  readonly send: (message: SiteReply) => void;
  /** Requests under way. */
  underWay: number;
  open: boolean;
  readonly feeds: Map<number, ChangeFeed>;
}

const REQUESTS_PER_SESSION = 1024;
const WATCHES_PER_SESSION = 64;

/**
 * A site's side of its clients' sessions: reads, writes and leases on one ordered connection each.
 * † A file is registered before the answer that fills a cache leaves, and revocations leave in the
 * order they were made.
 */
export class ClientSessions {
  private readonly sessions = new Map<string, Session>();
  private opened = 0;

  constructor(
    private readonly node: SiteNode,
    private readonly ports: SessionPorts,
  ) {}

  get count(): number {
    return this.sessions.size;
  }

  /** A client has connected: what it is told goes to `send`, in order. Returns its session's id. */
  open(send: (message: SiteReply) => void): string {
    const id = `${this.node.config.run}/${((this.opened += 1)).toString(36)}`;
    this.sessions.set(id, { id, send, underWay: 0, open: true, feeds: new Map() });
    const { site } = this.node.config;
    send({ kind: 'welcome', session: id, site, position: this.ports.position() });
    return id;
  }

  /** The connection is gone. What the client held ends with its lease, which nobody else renews. */
  closed(id: string): void {
    this.end(id, false);
  }

  receive(id: string, message: ClientMessage): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    switch (message.kind) {
      case 'renew':
        return this.renew(session, message);
      case 'read':
        return this.read(session, message);
      case 'write':
        return this.write(session, message);
      case 'revalidate':
        return this.revalidate(session, message);
      case 'done':
        return this.dropped(session, 'client-done', message.files);
      case 'left':
        return this.dropped(session, 'client-left', message.files);
      case 'watch':
        return this.watch(session, message);
      case 'unwatch':
        session.feeds.get(message.id)?.cancel();
        session.feeds.delete(message.id);
        return;
      case 'bye':
        return this.end(id, true);
    }
  }

  /** From the node: these clients are to drop the file. */
  invalidate(
    shard: string,
    sessions: readonly string[],
    name: string | null,
    serial: number,
  ): void {
    const message: SiteReply = { kind: 'invalidate', files: [{ shard, name, serial }] };
    for (const id of sessions) this.sessions.get(id)?.send(message);
  }

  private end(id: string, certain: boolean): void {
    const session = this.sessions.get(id);
    if (session === undefined) return;
    session.open = false;
    for (const feed of session.feeds.values()) feed.cancel();
    this.sessions.delete(id);
    for (const drive of this.node.drives.values()) {
      drive.input({ kind: 'client-gone', session: id, certain });
    }
  }

  private dropped(
    session: Session,
    kind: 'client-done' | 'client-left',
    files: readonly DroppedFile[],
  ): void {
    for (const { shard, name, serial } of files) {
      const drive = this.node.drives.get(shard);
      if (kind === 'client-done') drive?.input({ kind, session: session.id, name, serial });
      else if (name !== null) drive?.input({ kind, session: session.id, name, serial });
    }
  }

  /** Leases on these shards; one that this site lacks itself is asked for, and waited for a while. */
  private renew(session: Session, message: Extract<ClientMessage, { kind: 'renew' }>): void {
    const { sentMs, shards } = message;
    const drives = shards.flatMap((shard) => this.node.drives.get(shard) ?? []);
    for (const drive of drives) drive.wantLease();
    const isReady = (): boolean => drives.every((drive) => drive.rightLeftMs() > 0);
    const untilMs = this.node.nowMs() + this.ports.leaseWaitMs;
    this.node.until(untilMs, isReady, () => {
      const leases = shards.map((shard) => this.leaseOf(session, shard));
      this.tell(session, { kind: 'renewed', sentMs, leases, position: this.ports.position() });
    });
  }

  private leaseOf(session: Session, shard: string): ShardLease {
    const none = { generation: 0, durationMs: 0 };
    if (!session.open) return { shard, ...none };
    return { shard, ...(this.node.drives.get(shard)?.renewClient(session.id) ?? none) };
  }

  /** † Registers the file for the client; what it is told next may be kept under these terms. */
  private keepOf(session: Session, name: string, head: FileVersion | null): KeepTerms | null {
    if (!session.open) return null;
    const shard = this.node.shardFor(name);
    const grant = this.node.drives.get(shard)?.lendToClient(session.id, name, head) ?? null;
    return grant === null ? null : { shard, ...grant };
  }

  private leasesFor(session: Session, keep: KeepTerms | null): ShardLease[] {
    return keep === null ? [] : [this.leaseOf(session, keep.shard)];
  }

  private tell(session: Session, message: SiteReply): void {
    if (session.open) session.send(message);
  }

  /** `isAgain`: its content was brought here before. */
  private read(
    session: Session,
    message: Extract<ClientMessage, { kind: 'read' }>,
    isAgain = false,
  ): void {
    const { id, name } = message;
    const fail = (reason: string): void =>
      this.tell(session, { kind: 'read', id, ok: false, reason: reason as ReadFailureReason });
    this.admit(session, name, false, fail, (release) => {
      if (message.mode === 'local') {
        release();
        return this.readLocal(session, message, isAgain);
      }
      this.node.read(
        name,
        this.node.nowMs() + this.ports.requestMs,
        (outcome) => {
          release();
          if (outcome.ok) this.answerRead(session, message, outcome, isAgain);
          else fail(outcome.reason);
        },
        this.node.config.leases && message.mode === 'strong',
        traceOf(session.id, id),
      );
    });
  }

  private answerRead(
    session: Session,
    message: Extract<ClientMessage, { kind: 'read' }>,
    { head, freshness }: Extract<ReadOutcome, { ok: true }>,
    isAgain: boolean,
  ): void {
    const { id, name, held, mode, sentMs } = message;
    const isHeld = held !== null && head !== null && comparePositions(held, head) === 0;
    if (!isHeld && this.brings(session, message, head, isAgain)) return;
    const keep = mode === 'strong' ? this.keepOf(session, name, head) : null;
    const leases = this.leasesFor(session, keep);
    const told = isHeld ? withoutBytes(head) : head;
    this.tell(session, {
      kind: 'read',
      id,
      ok: true,
      head: told,
      asHeld: isHeld,
      freshness,
      keep,
      sentMs,
      leases,
    });
  }

  private readLocal(
    session: Session,
    message: Extract<ClientMessage, { kind: 'read' }>,
    isAgain: boolean,
  ): void {
    const { id, name, sentMs } = message;
    const drive = this.node.drives.get(this.node.shardFor(name));
    if (drive?.isReadable !== true) {
      return this.tell(session, { kind: 'read', id, ok: false, reason: 'no_primary' });
    }
    const head = drive.releasedHead(name) ?? null;
    if (this.brings(session, message, head, isAgain)) return;
    const freshness = 'local';
    this.tell(session, {
      kind: 'read',
      id,
      ok: true,
      head,
      asHeld: false,
      freshness,
      keep: null,
      sentMs,
      leases: [],
    });
  }

  /** True when the content cannot be read here: the request goes on once it was brought here. */
  private brings(
    session: Session,
    message: Extract<ClientMessage, { kind: 'read' }>,
    head: FileVersion | null,
    isAgain: boolean,
  ): boolean {
    const lost = unreadableIn(head);
    if (lost === null) return false;
    this.ports.bring(lost, (isHere) => {
      if (isHere && !isAgain) return this.read(session, message, true);
      const { id } = message;
      this.tell(session, { kind: 'read', id, ok: false, reason: 'storage_failed' });
    });
    return true;
  }

  private write(session: Session, message: Extract<ClientMessage, { kind: 'write' }>): void {
    const { id, write, requestId, conditions, sentMs } = message;
    const { name } = write;
    const done = (answer: SessionWriteAnswer, head: FileVersion | null = null): void => {
      const keep = head === null ? null : this.keepOf(session, name, head);
      const leases = this.leasesFor(session, keep);
      this.tell(session, { kind: 'written', id, answer, head, keep, sentMs, leases });
    };
    const fail = (reason: string): void => done({ outcome: 'refused', reason });
    this.admit(session, name, true, fail, (release) => {
      const shard = this.node.shardFor(name);
      const told = message.since === null ? null : this.ports.readCursor(message.since);
      const since = told?.get(shard) ?? null;
      const intent = this.intentOf(write);
      const trace = traceOf(session.id, id);
      const request: WriteRequest = { requestId, since, intent, conditions, trace };
      const untilMs = this.node.nowMs() + this.ports.requestMs;
      this.node.submit(
        () => this.node.shardFor(name),
        request,
        untilMs,
        ({ answer }) => {
          release();
          done(answer, answer.outcome === 'committed' ? headOf(answer, intent) : null);
        },
      );
    });
  }

  private intentOf(write: Extract<ClientMessage, { kind: 'write' }>['write']): FileIntent {
    if (write.kind === 'delete') return write;
    const { kind, name, bytes, metadata } = write;
    return { kind, name, content: this.ports.contentOf(bytes), metadata };
  }

  private revalidate(
    session: Session,
    message: Extract<ClientMessage, { kind: 'revalidate' }>,
  ): void {
    const { id, files, sentMs } = message;
    const keeps: (KeepTerms | null)[] = files.map(() => null);
    let open = files.length;
    const finish = (): void => {
      const shards = new Set(keeps.flatMap((keep) => keep?.shard ?? []));
      const leases = [...shards].map((shard) => this.leaseOf(session, shard));
      this.tell(session, { kind: 'revalidated', id, keeps, sentMs, leases });
    };
    if (open === 0) return finish();
    const untilMs = this.node.nowMs() + this.ports.requestMs;
    files.forEach((file, index) => {
      this.node.read(file.name, untilMs, (outcome) => {
        if (outcome.ok && isSame(outcome.head, file)) {
          keeps[index] = this.keepOf(session, file.name, outcome.head);
        }
        open -= 1;
        if (open === 0) finish();
      });
    });
  }

  private watch(session: Session, message: Extract<ClientMessage, { kind: 'watch' }>): void {
    const { id, prefix } = message;
    const end = (reason: WatchEnd): void => {
      session.feeds.delete(id);
      this.tell(session, { kind: 'watch-ended', id, reason });
    };
    if (session.feeds.size >= WATCHES_PER_SESSION) return end('overloaded');
    const from = message.from === null ? null : this.ports.readCursor(message.from);
    if (message.from !== null && from === null) return end('invalid_cursor');
    const feed = new ChangeFeed(this.node, prefix, from, {
      changes: (all, position) => {
        const changes = all.filter(({ name }) => this.ports.shows(name));
        const cursor = this.ports.writeCursor(position);
        this.tell(session, { kind: 'changes', id, changes, cursor });
      },
      tooOld: () => end('too_old'),
    });
    session.feeds.get(id)?.cancel();
    session.feeds.set(id, feed);
    feed.start();
  }

  /** At the bound of what one session may have under way a request is refused. */
  private admit(
    session: Session,
    name: string,
    forWrite: boolean,
    refuse: (reason: string) => void,
    go: (release: () => void) => void,
  ): void {
    if (session.underWay >= REQUESTS_PER_SESSION) return refuse('overloaded');
    session.underWay += 1;
    const release = (): void => {
      session.underWay -= 1;
    };
    this.ports.refusal(name, forWrite, (reason) => {
      if (reason === null) return go(release);
      release();
      refuse(reason);
    });
  }
}

type FileIntent = Extract<WriteIntent, { kind: 'put' | 'delete' }>;

function isSame(head: FileVersion | null, at: Position): boolean {
  return comparePositions(head ?? { epoch: 0, seq: 0 }, at) === 0;
}

/** What operators know a request on a session by. */
export function traceOf(session: string, id: number): string {
  return `${session}#${id}`;
}

/** The version that a committed write made, without the bytes, which its writer has. */
function headOf(
  answer: Extract<SessionWriteAnswer, { outcome: 'committed' }>,
  intent: FileIntent,
): FileVersion {
  const { name, version, epoch, seq, atMs } = answer;
  const isPut = intent.kind === 'put';
  return withoutBytes({
    name,
    version,
    epoch,
    seq,
    deleted: !isPut,
    content: isPut ? intent.content : null,
    metadata: isPut ? intent.metadata : {},
    modifiedMs: atMs,
  });
}
