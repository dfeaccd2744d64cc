import { send } from '../http-exchange.js';
import type { Exchange } from './exchange.js';
import { sendProblem } from './exchange.js';
import { refusal } from './problem.js';

/** A console that is this far behind in reading is cut off; it comes back by itself. */
const BACKLOG_LIMIT_BYTES = 1024 * 1024;

/** `GET /v1/live`: what the sites say to each other, as server-sent events, until the client goes. */
export function answerLive(exchange: Exchange): void {
  const { request, response, live } = exchange;
  if (live === null) {
    return sendProblem(exchange, refusal('not_offered', 'this site shows no messages'));
  }
  const headers = ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-store'];
  if (request.method === 'HEAD') return send(exchange, 200, headers, '');
  const leave = live.watch((frame) => {
    response.write(`data: ${JSON.stringify(frame)}\n\n`);
    if (response.writableLength > BACKLOG_LIMIT_BYTES) response.destroy();
  });
  if (leave === null) {
    return sendProblem(exchange, refusal('overloaded', 'as many consoles look on as may'));
  }
  response.writeHead(200, headers);
  response.flushHeaders();
  response.once('close', leave);
}
