import type { SiteMessage } from '../../protocol/node/messages.js';
import type { ShardMessage } from '../../protocol/shard/messages.js';
import type { LiveKind } from './live-frame.js';

const SHARD_KINDS: Readonly<
  Record<Exclude<ShardMessage['kind'], 'append' | 'appended'>, LiveKind>
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
export function liveKindOf(message: SiteMessage): LiveKind {
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

function shardKindOf(message: ShardMessage): LiveKind {
  if (message.kind === 'append') {
    if (message.entries.length > 0) return 'append';
    return message.beat === null ? 'commit' : 'heartbeat';
  }
  if (message.kind === 'appended') {
    return message.beatSentMs === null ? 'acknowledge' : 'heartbeat';
  }
  return SHARD_KINDS[message.kind];
}
