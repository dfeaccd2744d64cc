import type { ShardMessage } from '../shard/messages.js';
import type { SiteMessage } from './messages.js';

/** What a message is about, for people. */
export type MessageKind =
  /** Entries on their way to a replica: this is also what takes their files off its caches. */
  | 'append'
  /** They are on its disk. */
  | 'acknowledge'
  /** They have committed, and may be read. */
  | 'commit'
  /** A cache no longer serves a file, or is asked to give it up. */
  | 'invalidate'
  /** A site may serve a file without asking. */
  | 'grant'
  /** A client's write goes to the primary, or its answer comes back. */
  | 'write'
  /** A site asks the primary for a version, or is told. */
  | 'read'
  /** Who is primary, and in which epoch. */
  | 'election'
  /** A site fetches what it missed. */
  | 'catch-up'
  /** A sign of life that also renews the right to act and to serve. */
  | 'heartbeat';

const SHARD_KINDS: Readonly<
  Record<Exclude<ShardMessage['kind'], 'append' | 'appended'>, MessageKind>
> = {
  mismatch: 'catch-up',
  refused: 'election',
  prepare: 'election',
  promised: 'election',
  fetch: 'catch-up',
  fetched: 'catch-up',
  'lease-request': 'heartbeat',
  lease: 'heartbeat',
  grant: 'grant',
  revoke: 'invalidate',
  revoked: 'invalidate',
  recall: 'invalidate',
  recalled: 'invalidate',
  withdraw: 'invalidate',
  withdrawn: 'invalidate',
  'handover-request': 'election',
  'snapshot-offer': 'catch-up',
  'snapshot-wanted': 'catch-up',
  standing: 'heartbeat',
};

/** What a message is about, as far as it shows by itself. */
export function messageKindOf(message: SiteMessage): MessageKind {
  switch (message.kind) {
    case 'shard':
      return shardKindOf(message.message);
    case 'submit':
    case 'submitted':
      return 'write';
    case 'asked':
      return message.answer.outcome === 'head' && message.answer.terms !== null ? 'grant' : 'read';
    case 'ask':
    case 'ask-end':
    case 'ended':
      return 'read';
  }
}

function shardKindOf(message: ShardMessage): MessageKind {
  if (message.kind === 'append') {
    if (message.entries.length > 0) return 'append';
    return message.beat === null ? 'commit' : 'heartbeat';
  }
  if (message.kind === 'appended') {
    return message.beatSentMs === null ? 'acknowledge' : 'heartbeat';
  }
  return SHARD_KINDS[message.kind];
}
