import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AuditLog, outcomeOf, SHARE_HOLDER } from '../site/access/audit-log.js';

/** What is known of a request only once it was understood. */
export interface AuditedRequest {
  readonly by: string;
  /** The request's target as it may be written down: without what proves anything. */
  what(): string;
  who(): string;
  readonly requestId: string;
}

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Has the request written down when it ends: a change, a refusal, and where wanted a read. */
export function audited(
  log: AuditLog | null,
  request: IncomingMessage,
  response: ServerResponse,
  told: AuditedRequest,
): void {
  if (log === null) return;
  const { method = 'GET' } = request;
  const from = request.socket.remoteAddress ?? '';
  response.once('close', () => {
    // An answer that was never begun: the client had gone.
    const status = response.headersSent ? response.statusCode : 499;
    const outcome = outcomeOf(status);
    const { by, requestId } = told;
    const who = told.who();
    const isRead = READS.has(method) && outcome !== 'refused' && !who.startsWith(SHARE_HOLDER);
    if (isRead && !log.settings.reads) return;
    log.note({
      who: who === '' ? 'anybody' : who,
      from,
      by,
      act: method,
      what: told.what(),
      outcome,
      answer: String(status),
      requestId,
    });
  });
}
