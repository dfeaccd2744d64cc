import type { ClientMessage, SessionWriteAnswer, SiteReply } from '../protocol/client/messages.js';
import type { AuditNote } from './access/audit-log.js';
import type { SessionAudit } from './file-service.js';

/** As many requests as a session may have under way, and a few. */
const OPEN_LIMIT = 2048;

/** Puts together what a client asked on its session and what became of it, for who writes it down. */
export class SessionNotes {
  private readonly open = new Map<number, { readonly act: string; readonly what: string }>();

  constructor(private readonly heard: SessionAudit) {}

  received(message: ClientMessage): void {
    if (this.open.size >= OPEN_LIMIT) return;
    if (message.kind === 'read') this.open.set(message.id, { act: 'read', what: message.name });
    if (message.kind !== 'write') return;
    this.open.set(message.id, { act: message.write.kind, what: message.write.name });
  }

  sent(reply: SiteReply): void {
    if (reply.kind !== 'read' && reply.kind !== 'written') return;
    const asked = this.open.get(reply.id);
    this.open.delete(reply.id);
    if (asked === undefined) return;
    if (reply.kind === 'written') {
      const { answer } = reply;
      const said = answer.outcome === 'committed' ? answer.outcome : answer.reason;
      this.heard({ ...asked, outcome: outcomeOf(answer), answer: said });
    } else if (!reply.ok && reply.reason === 'forbidden') {
      this.heard({ ...asked, outcome: 'refused', answer: reply.reason });
    }
  }
}

function outcomeOf(answer: SessionWriteAnswer): AuditNote['outcome'] {
  switch (answer.outcome) {
    case 'committed':
      return 'done';
    case 'unknown':
      return 'failed';
    case 'rejected':
      return 'rejected';
    case 'refused':
      return answer.reason === 'forbidden' ? 'refused' : 'rejected';
  }
}
