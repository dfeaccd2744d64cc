import { type Frame, FrameReader, framesOf } from '../protocol/client/wire.js';
import type { SiteReply } from '../protocol/client/messages.js';
import type { SiteSession } from './file-service.js';
import type { ShardCalls } from './shard-calls.js';
import { contentHash } from '../storage/content-hash.js';
import type { InlineContent } from '../protocol/file-version.js';
import { ClientSessions, type SessionPorts } from '../protocol/node/client-sessions.js';
import { type SessionAccess, SessionGate } from './session-gate.js';
import { SessionNotes } from './session-notes.js';
import { SYSTEM_BUCKET } from './site-names.js';
import { readToken, writeToken } from './position-token.js';
import type { SessionWatch } from './telemetry/session-watch.js';

/** Sessions of clients that a site takes at once. */
export const SESSION_LIMIT = 20_000;

const LEASE_WAIT_MS = 250;

/** The sessions of a site's clients, on its node. */
export function createClientSessions(
  calls: ShardCalls,
  service: {
    refusal: SessionPorts['refusal'];
    bring: SessionPorts['bring'];
    position(): string;
  },
): ClientSessions {
  const { node, timeoutMs } = calls.context;
  return new ClientSessions(node, {
    contentOf: smallContent,
    refusal: (name, forWrite, done) => service.refusal(name, forWrite, done),
    bring: (lost, done) => service.bring(lost, done),
    shows: (name) => !name.startsWith(`${SYSTEM_BUCKET}/`),
    position: () => service.position(),
    writeCursor: writeToken,
    readCursor: readToken,
    requestMs: timeoutMs,
    leaseWaitMs: LEASE_WAIT_MS,
  });
}

function smallContent(bytes: Uint8Array): InlineContent {
  return { kind: 'inline', size: bytes.length, etag: contentHash(bytes), bytes };
}

/** Many clients are told of one invalidation: it is encoded once for all of them. */
const invalidations = new WeakMap<SiteReply, Frame[]>();

function encoded(message: SiteReply): Frame[] {
  if (message.kind !== 'invalidate') return framesOf(message);
  let frames = invalidations.get(message);
  if (frames === undefined) {
    frames = framesOf(message);
    invalidations.set(message, frames);
  }
  return frames;
}

/** Carries one client's frames to the site's sessions and back. */
export function openClientSession(
  sessions: ClientSessions,
  send: (frame: string | Uint8Array) => void,
  access: SessionAccess,
  watch?: SessionWatch,
): SiteSession | null {
  if (sessions.count >= SESSION_LIMIT) return null;
  const reader = new FrameReader('client');
  const watched = watch?.open();
  const notes = access.heard && new SessionNotes(access.heard);
  const tell = (message: SiteReply): void => {
    watched?.sent(message);
    notes?.sent(message);
    for (const frame of encoded(message)) send(frame);
  };
  let isOpen = true;
  const id = sessions.open(tell);
  const gate = new SessionGate(access, {
    pass: (message) => isOpen && sessions.receive(id, message),
    reply: (message) => isOpen && tell(message),
  });
  watched?.name(id);
  return {
    receive: (frame) => {
      const parsed = reader.push(frame);
      if (parsed === null) return null;
      if (!parsed.ok) return parsed.reason;
      watched?.received(parsed.message);
      notes?.received(parsed.message);
      gate.take(parsed.message);
      return null;
    },
    closed: () => {
      isOpen = false;
      sessions.closed(id);
    },
  };
}
