import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestService } from '../site/telemetry/request-service.js';

/** Ends the span of a recorded request with its answer; others cost nothing. */
export function spanned(
  measured: RequestService,
  { method = '' }: IncomingMessage,
  response: ServerResponse,
): void {
  if (measured.trace.span === null) return;
  const startMs = performance.now();
  response.once('close', () => {
    const status = response.writableFinished ? response.statusCode : null;
    measured.answered(method, status, performance.now() - startMs);
  });
}
