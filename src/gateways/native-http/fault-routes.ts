import type { Exchange } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { FaultRequest } from './fault-control.js';
import { readJsonBody } from './json-body.js';
import { refuseForeignPage } from './key-routes.js';
import { refusal } from './problem.js';

const EXAMPLE = '{"kind": "site", "site": "nyc", "action": "kill"}';

/** GET of `/v1/faults`: what was done to the cluster on purpose; POST: does or undoes something. */
export async function answerFaults(exchange: Exchange): Promise<void> {
  const { faults, request } = exchange;
  if (faults === null) {
    const detail = 'only a cluster of quorate up lets itself be broken on purpose';
    return sendProblem(exchange, refusal('not_offered', detail));
  }
  const foreign = refuseForeignPage(exchange);
  if (foreign) return sendProblem(exchange, foreign);
  if (request.method !== 'POST') return send(exchange, null);
  const read = await readJsonBody(exchange, FaultRequest, EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  return send(exchange, read.value);
}

async function send(exchange: Exchange, request: FaultRequest | null): Promise<void> {
  const outcome = await exchange.faults?.act(request);
  if (outcome?.ok) return sendJson(exchange, 200, outcome.status);
  sendProblem(exchange, refusal('fault_refused', outcome?.message ?? 'nothing does it'));
}
