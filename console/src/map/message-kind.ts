import type { MessageKind } from '../../../src/protocol/node/message-kind.js';

export type { MessageKind };

export interface KindMeaning {
  readonly kind: MessageKind;
  readonly label: string;
  readonly meaning: string;
}

export const KINDS: readonly KindMeaning[] = [
  {
    kind: 'append',
    label: 'Append',
    meaning: 'The primary sends new entries to a replica; caches there give the files up first.',
  },
  {
    kind: 'acknowledge',
    label: 'Acknowledgement',
    meaning: 'A replica has the entries on its disk. With a quorum of these they commit.',
  },
  {
    kind: 'commit',
    label: 'Commit',
    meaning: 'The primary tells what has committed and may be read.',
  },
  {
    kind: 'invalidate',
    label: 'Invalidation',
    meaning: 'A cache no longer serves a file. A write is answered once all have said so.',
  },
  {
    kind: 'grant',
    label: 'Grant',
    meaning: 'A site may serve a file by itself, until somebody writes it.',
  },
  {
    kind: 'write',
    label: 'Write',
    meaning: 'A client’s write on its way to the primary, or the answer.',
  },
  {
    kind: 'read',
    label: 'Version asked',
    meaning: 'A site asks the primary which version is the newest.',
  },
  { kind: 'election', label: 'Election', meaning: 'Who is primary, and in which epoch.' },
  { kind: 'catch-up', label: 'Catch-up', meaning: 'A site fetches what it missed.' },
  {
    kind: 'heartbeat',
    label: 'Heartbeat',
    meaning: 'A sign of life; it renews the right to act and to serve.',
  },
];

export function isMessageKind(kind: unknown): kind is MessageKind {
  return KINDS.some((each) => each.kind === kind);
}
