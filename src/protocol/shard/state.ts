import type { Configuration, Position } from '../log-entry.js';
import {
  type ClaimRecord,
  type HardState,
  type OpenedLog,
  type OwnershipRecord,
  type RequestRecord,
  type Revised,
  type StorageFailure,
  type TableRule,
} from '../ports.js';
import type { Lender } from '../lease/lender.js';
import type { Reach } from '../lease/reach.js';
import type { Answer } from '../request.js';
import type { ShardConfig } from './config.js';
import type { ShardEffect } from './effects.js';
import type { Now } from './inputs.js';
import {
  type Asker,
  type CatalogueAsker,
  type ClientLeases,
  createClientLeases,
  createLeasehold,
  type Leasehold,
} from './lease-state.js';
import { emptyTail, endSeq, evict, push, type LogTail } from './log-tail.js';
import {
  createMembership,
  foundingConfiguration,
  latestOf,
  type Membership,
  noteConfigure,
  type Roster,
} from './membership.js';
import type { Reign } from './messages.js';
import { createOwnership, noteMove, type Ownership } from './ownership.js';
import { createRequestTable, noteRequest, type RequestTable } from './request-table.js';

/** A write on its way to disk, and what may be said once it is there. */
export interface PendingWrite {
  readonly id: number;
  readonly askedMs: number;
  /** The last entry that this write makes durable; lowered when a later cut reaches below it. */
  endSeq: number;
  readonly promised: Reign | null;
  readonly joined: boolean | null;
  /** The version of the configuration in this write. */
  readonly configured: number | null;
  /** Who asked for the promise in this write. */
  readonly answerTo: string | null;
  /** This is the reset that ends the installation of a snapshot. */
  readonly snapshot: boolean;
}

/** How a peer looks from here, whatever the role. */
export interface Peer {
  connected: boolean;
  end: Position;
  eligible: boolean;
}

/** Settled when what it rests on is released, or when that can no longer be. */
export type Waiter =
  | {
      readonly kind: 'outcome';
      readonly ticket: number;
      readonly answer: Answer;
      /** A rejection: needs a valid claim at the very end. */
      readonly isRead: boolean;
    }
  | {
      readonly kind: 'read';
      readonly ticket: number;
      readonly name: string;
      readonly asker: Asker;
    }
  | {
      readonly kind: 'end';
      readonly ticket: number;
      readonly keep: CatalogueAsker | null;
    };

export interface ReplicaProgress {
  incarnation: number;
  joining: boolean;
  /** Durable and equal at the replica, in this epoch. */
  matchSeq: number;
  /** What the next append follows. */
  previous: Position;
  /** What a joining replica has to hold before it counts; null for one that has joined. */
  targetSeq: number | null;
  heardMs: number;
  progressMs: number;
  sentBytes: number;
  readId: number | null;
  /** The log no longer reaches back to this seq, which the replica needs. */
  snapshotSeq: number | null;
  /** Until when this replica will not help a successor, on this site's holder clock. */
  actEndMs: number;
}

/** A committed entry that some cache may still serve the old bytes of. */
export interface HeldEntry {
  readonly reach: Reach;
  readonly sinceMs: number;
}

export interface PrimaryRole {
  readonly kind: 'primary';
  readonly epoch: number;
  phase: 'confirming' | 'serving' | 'withdrawing';
  readonly noopSeq: number;
  readonly crownedMs: number;
  /** Nothing is released earlier (monotonic). */
  readonly serveFromMs: number;
  readonly replicas: Map<string, ReplicaProgress>;
  readonly waiters: Map<number, Waiter[]>;
  /** Those that wait until everything up to `seq` is released. */
  prefixWaiters: (Waiter & { readonly seq: number })[];
  /** Entries up to here are released, except for those that are held. */
  examinedSeq: number;
  /** Committed entries that wait for caches, oldest first, and what they take away. */
  readonly held: Map<number, HeldEntry>;
  /** When a lease that holds one of them runs out next. */
  heldUntilMs: number;
  /** What sites hold. */
  readonly lender: Lender;
  /** Sites that want a file again once its pending writes are released. */
  readonly wanted: Map<string, Set<string>>;
  /** The newest entry by which names left this shard; 0 for none in this epoch. */
  lastMoveSeq: number;
  /** Entries up to here were handed to the disk. */
  flushedSeq: number;
  unreleasedBytes: number;
  nextBeatMs: number;
  /** When the quorum was lost (monotonic), or null. */
  lowSinceMs: number | null;
  commitNoticeDue: boolean;
  /** † Leases of this epoch were asked back: none is lent in it any more, also if it goes on. */
  recalls: boolean;
  withdrawal: Withdrawal | null;
}

/** A hand-over: first leases come back, then what is in flight ends, then everybody is told. */
export interface Withdrawal {
  readonly successor: string;
  readonly recalled: Set<string>;
  /** Since when all leases are back, and no more writes are taken; null until then. */
  closedMs: number | null;
  /** Since when this site does not act any more; null until then. */
  sentMs: number | null;
  readonly acknowledged: Set<string>;
}

export interface PromiseNoted {
  readonly end: Position;
  readonly commitSeq: number;
  readonly incarnation: number;
  /** When an earlier primary has certainly stopped acting, as far as this replica knows. */
  readonly clearMs: number;
  /** The configurations that hold as far as this replica's log says. */
  readonly active: readonly Configuration[];
}

export interface CandidateRole {
  readonly kind: 'candidate';
  readonly epoch: number;
  /** When it began, or last came further in fetching what it lacks. */
  sinceMs: number;
  readonly answers: Map<string, PromiseNoted>;
  /** Whom it has sent its question to at least once. */
  readonly asked: Set<string>;
  adopting: { readonly from: string; readonly end: Position } | null;
  nextSendMs: number;
}

export type Role = { readonly kind: 'replica' } | CandidateRole | PrimaryRole;

export interface ClaimAttempt {
  readonly token: number;
  readonly kind: 'claim' | 'renew' | 'release';
  readonly value: ClaimRecord;
  readonly sentMs: number;
}

export interface ClaimState {
  seen: Revised<ClaimRecord>;
  /** False until the coordinator has been heard for the first time. */
  known: boolean;
  /** Since when the record stands as it is, on this site's monotonic clock. */
  sinceMs: number;
  attempt: ClaimAttempt | null;
  /** Send time of the last attempt that succeeded. */
  confirmedMs: number;
  nextRenewMs: number;
  renewal: number;
  /** This run gave up every epoch up to here. */
  abandonedEpoch: number;
  /** A release that still has to be sent, for this epoch. */
  releaseDue: { readonly epoch: number; readonly successor: string } | null;
  stepBackUntilMs: number;
  /** The epoch whose primary has withdrawn in favour of this site; 0 for none. */
  heirOfEpoch: number;
}

export interface ShardState {
  readonly config: ShardConfig;
  readonly startedMs: number;
  clock: { monoMs: number; wallMs: number; holderMs: number };
  /** As last written, perhaps not yet on disk. */
  hard: HardState;
  /** As certainly on disk. */
  readonly durable: { promised: Reign; joined: boolean; syncedSeq: number; configured: number };
  readonly disk: { nextId: number; inFlight: PendingWrite[]; failure: StorageFailure | null };
  readonly log: LogTail;
  /** Entries whose content is not all here yet: seq to epoch. */
  readonly missing: Map<number, number>;
  commitSeq: number;
  releasedSeq: number;
  /** Handed to the view, and shown by it. */
  applyingSeq: number;
  viewSeq: number;
  /** Equal to the log of the primary whose reign is promised. */
  provenSeq: number;
  readonly requests: RequestTable;
  readonly ownership: Ownership;
  readonly membership: Membership;
  /** What the coordinator says of sites that come and go. */
  roster: Roster;
  /** The primary whose appends are accepted, once one came. */
  leader: {
    readonly reign: Reign;
    readonly site: string;
    commitSeq: number;
    heardMs: number;
  } | null;
  /** A heartbeat or an append that is answered once what it rests on is durable. */
  owed: { acknowledge: boolean; beatSentMs: number | null };
  /** Until when the primary of `epoch`, and those before it, may act (monotonic). */
  readonly noted: {
    epoch: number;
    untilMs: number;
    earlierUntilMs: number;
    /** The newest primary that has said that it does not act any more; epoch 0: none. */
    withdrawn: Reign;
  };
  joinTarget: { readonly epoch: number; readonly seq: number } | null;
  snapshot: { phase: 'installing' | 'resetting'; readonly from: string } | null;
  readonly leasehold: Leasehold;
  readonly clients: ClientLeases;
  readonly claim: ClaimState;
  role: Role;
  readonly peers: Map<string, Peer>;
  highestEpoch: number;
  nextToken: number;
  nextStandingMs: number;
  /** At the home site: since when it is caught up with another primary, and when it last asked. */
  caughtUpSinceMs: number | null;
  trimSeq: number;
  stopping: boolean;
  /** False until the first step has asked for what was missing at the start. */
  resumed: boolean;
  /** Log reads under way for candidates, by read id. */
  readonly fetches: Map<number, { readonly to: string; readonly after: number }>;
}

/** One call of `step`: the state it changes, its moment, and the effects it has had so far. */
export interface Step {
  readonly s: ShardState;
  readonly now: Now;
  readonly out: ShardEffect[];
}

/** What the disk held at the start. */
export interface ShardStart {
  readonly opened: OpenedLog;
  readonly viewPosition: Position;
  readonly requests: readonly RequestRecord[];
  readonly ownership: readonly OwnershipRecord[];
  readonly configuration: Configuration | null;
  readonly initialRules: readonly TableRule[];
  /**
   * Entries after the view's position whose chunks are not all on this disk. Known before anything
   * is answered: a promise cuts what was never acknowledgeable, and nothing else.
   */
  readonly missingContent: ReadonlySet<number>;
}

/**
 * The state of a replica that starts. Everything the view shows was released; what follows it in
 * the log may or may not have committed. The log's entries are on disk, and an earlier run may have
 * noted that a primary acts, so a full claim time has to pass before this replica says otherwise.
 */
export function createShardState(config: ShardConfig, start: ShardStart, now: Now): ShardState {
  const { opened, viewPosition } = start;
  const { hardState } = opened;
  const fresh = hardState.promisedEpoch === 0;
  const log = emptyTail(opened.base);
  const requests = createRequestTable(start.requests);
  const ownership = createOwnership(config.shard, start.initialRules, start.ownership);
  const founding = foundingConfiguration(config.succession, config.writeQuorum);
  const state: ShardState = {
    config,
    startedMs: now.monoMs,
    clock: { monoMs: now.monoMs, wallMs: now.wallMs, holderMs: 0 },
    hard: hardState,
    durable: {
      promised: { epoch: hardState.promisedEpoch, run: hardState.promisedRun },
      joined: hardState.joined,
      syncedSeq: 0,
      configured: hardState.configuration?.version ?? 0,
    },
    disk: { nextId: 1, inFlight: [], failure: null },
    log,
    missing: new Map(),
    // What was trimmed from the log had been released, whatever became of the view.
    commitSeq: Math.max(viewPosition.seq, opened.base.seq),
    releasedSeq: Math.max(viewPosition.seq, opened.base.seq),
    applyingSeq: viewPosition.seq,
    viewSeq: viewPosition.seq,
    provenSeq: Math.max(viewPosition.seq, opened.base.seq),
    requests,
    ownership,
    membership: createMembership(founding, start.configuration, hardState.configuration),
    roster: { learners: [], leaving: [] },
    leader: null,
    owed: { acknowledge: false, beatSentMs: null },
    noted: {
      epoch: 0,
      untilMs: 0,
      earlierUntilMs: fresh ? 0 : now.monoMs + config.timing.claimMs,
      withdrawn: { epoch: 0, run: '' },
    },
    joinTarget: null,
    snapshot: null,
    leasehold: createLeasehold(),
    clients: createClientLeases(),
    claim: {
      seen: { value: null, revision: 0 },
      known: false,
      sinceMs: now.monoMs,
      attempt: null,
      confirmedMs: 0,
      nextRenewMs: 0,
      renewal: 0,
      abandonedEpoch: 0,
      releaseDue: null,
      stepBackUntilMs: 0,
      heirOfEpoch: 0,
    },
    role: { kind: 'replica' },
    peers: new Map(
      config.succession.filter((site) => site !== config.site).map((site) => [site, newPeer()]),
    ),
    highestEpoch: hardState.promisedEpoch,
    nextToken: 1,
    nextStandingMs: now.monoMs,
    caughtUpSinceMs: null,
    trimSeq: 0,
    stopping: false,
    resumed: false,
    fetches: new Map(),
  };
  loadLog(state, start);
  return state;
}

export function newPeer(): Peer {
  return { connected: false, end: { epoch: 0, seq: 0 }, eligible: false };
}

export function homeOf(s: ShardState): string {
  const home = latestOf(s.membership).sites[0];
  if (home === undefined) throw new Error('a shard has at least one site');
  return home;
}

function loadLog(state: ShardState, start: ShardStart): void {
  const { log, config } = state;
  const { opened, viewPosition } = start;
  for (const entry of opened.entries) {
    if (entry.seq <= viewPosition.seq) {
      log.before = { epoch: entry.epoch, seq: entry.seq };
      continue;
    }
    push(log, entry);
    noteRequest(state.requests, entry, config.limits.requestEntries);
    noteMove(state.ownership, entry);
    noteConfigure(state.membership, entry);
    if (start.missingContent.has(entry.seq)) state.missing.set(entry.seq, entry.epoch);
  }
  // The view can be ahead of a log whose tail was damaged: what it shows was released all the same.
  if (endSeq(log) < viewPosition.seq) log.before = viewPosition;
  evict(log, viewPosition.seq, config.limits.memoryEntries, config.limits.memoryBytes);
  state.durable.syncedSeq = endSeq(log);
}
