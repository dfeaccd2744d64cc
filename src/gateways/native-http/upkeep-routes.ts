import { type Exchange, sendJson, sendProblem } from './exchange.js';
import { refusal } from './problem.js';

/**
 * `/v1/upkeep`: what was collected and scrubbed; POST of `/v1/upkeep/scrub` begins a pass at full
 * pace, of `/v1/upkeep/collect` removes now what nothing refers to. Null for any other path.
 */
export function upkeepAction(path: string): 'status' | 'scrub' | 'collect' | 'verify' | null {
  switch (path) {
    case '/v1/upkeep':
      return 'status';
    case '/v1/upkeep/scrub':
      return 'scrub';
    case '/v1/upkeep/collect':
      return 'collect';
    case '/v1/verify':
      return 'verify';
    default:
      return null;
  }
}

export async function answerUpkeep(
  exchange: Exchange,
  action: NonNullable<ReturnType<typeof upkeepAction>>,
): Promise<void> {
  const { upkeep } = exchange.service;
  if (upkeep === null) {
    return sendProblem(exchange, refusal('no_such_route', 'this service keeps nothing on a disk'));
  }
  switch (action) {
    case 'status':
      return sendJson(exchange, 200, upkeep.status());
    case 'scrub':
      upkeep.scrub();
      return sendJson(exchange, 202, upkeep.status());
    case 'collect':
      return sendJson(exchange, 200, await upkeep.collect());
    case 'verify':
      return sendJson(exchange, 200, await upkeep.verify());
  }
}
