import { expect, it } from 'vitest';
import { ADMINISTRATOR } from './access/caller.js';
import type { SiteReply } from '../protocol/client/messages.js';
import type { ClientSessions } from '../protocol/node/client-sessions.js';
import { openClientSession } from './client-session.js';

it('gives all clients that are told of one change the very same frame', () => {
  const told: ((message: SiteReply) => void)[] = [];
  const open = (send: (message: SiteReply) => void): string => `s${told.push(send)}`;
  const sessions = { count: 0, open } as unknown as ClientSessions;
  const frames: (string | Uint8Array)[] = [];
  const access = { caller: ADMINISTRATOR, isPublic: () => Promise.resolve(false) };
  for (const _ of [1, 2, 3]) {
    openClientSession(sessions, (frame) => void frames.push(frame), access);
  }
  const files = [{ shard: 'nyc', name: 'docs/a', serial: 1 }];
  const first: SiteReply = { kind: 'invalidate', files };
  const second: SiteReply = {
    kind: 'invalidate',
    files: [{ shard: 'nyc', name: null, serial: 2 }],
  };
  for (const message of [first, second]) for (const tell of told) tell(message);
  expect(frames.map((frame) => JSON.parse(frame as string) as unknown)).toEqual([
    first,
    first,
    first,
    second,
    second,
    second,
  ]);
});
