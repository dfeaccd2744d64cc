import { AUDIT_PAGE_LIMIT } from '../../site/access/audit-log.js';
import type { Exchange } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { refusal } from './problem.js';
import { readNumber, readQuery } from './request-target.js';

const DEFAULT_ENTRIES = 100;

/** GET of /v1/audit: what this site has written down of its requests, newest first. */
export async function answerAudit(exchange: Exchange, query: string): Promise<void> {
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') {
    const problem = refusal('method_not_allowed', `${method} is not among GET, HEAD`);
    return sendProblem(exchange, problem, { headers: ['Allow', 'GET, HEAD'] });
  }
  const parameters = readQuery(query, ['limit']);
  if (!parameters.ok) return sendProblem(exchange, parameters);
  const limit = readNumber(parameters.values, 'limit', 1, AUDIT_PAGE_LIMIT);
  if (!limit.ok) return sendProblem(exchange, limit);
  if (exchange.audit === null) {
    return sendProblem(exchange, refusal('not_offered', 'this site writes nothing down'));
  }
  const entries = await exchange.audit.recent(limit.value ?? DEFAULT_ENTRIES);
  sendJson(exchange, 200, { site: exchange.site, entries });
}
