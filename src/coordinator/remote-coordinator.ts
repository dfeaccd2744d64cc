import { Agent, request as httpRequest } from 'node:http';
import { z } from 'zod';
import type { CredentialSource } from '../certificates/credential-watch.js';
import type { Coordinator, SwapResult } from '../protocol/ports.js';
import type { CoordinatorKey, CoordinatorValue } from './coordinator-schema.js';
import { parseRevised, revisionSchema } from './coordinator-schema.js';
import type { RemoteWatchOptions } from './remote-watch.js';
import { RemoteWatch } from './remote-watch.js';

export interface RemoteCoordinatorOptions extends RemoteWatchOptions {
  /** For each read and swap; default 1,000. */
  readonly deadlineMs?: number;
}

export interface RemoteCoordinator extends Coordinator {
  /** What it is shown by those that call it; null or absent where that is nothing. */
  readonly credentials?: CredentialSource | null;
  /** Ends all watches and connections; calls in flight end with no answer. */
  close(): void;
}

const ANSWER_LIMIT_BYTES = 8 * 1024 * 1024;
/** Calls in flight; the next ones wait for a connection, within their deadline. */
const SOCKET_LIMIT = 64;

const swapSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('swapped'), revision: revisionSchema }),
  z.object({ outcome: z.literal('conflict'), current: z.unknown() }),
]);

/** The coordinator behind an address. Any failure of a read is null, of a swap `unknown`. */
export function createRemoteCoordinator(options: RemoteCoordinatorOptions): RemoteCoordinator {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKET_LIMIT });
  const watches = new Set<RemoteWatch>();
  const post = (path: string, body: unknown): Promise<unknown> =>
    postJson(options, agent, path, body);

  return {
    read: (key, done) => {
      void post('/v1/read', { key }).then((data) =>
        done(parseRevised(key, data) as Parameters<typeof done>[0]),
      );
    },
    swap: (key, revision, value, done) => {
      void post('/v1/swap', { key, revision, value }).then((data) =>
        done(parseSwap(key, data) as Parameters<typeof done>[0]),
      );
    },
    watch: (prefix, changed) => {
      const watch = new RemoteWatch(options, prefix, changed);
      watches.add(watch);
      return {
        cancel: () => {
          watches.delete(watch);
          watch.cancel();
        },
      };
    },
    close: () => {
      for (const watch of watches) watch.cancel();
      watches.clear();
      agent.destroy();
    },
  };
}

function parseSwap(key: CoordinatorKey, data: unknown): SwapResult<CoordinatorValue> {
  const parsed = swapSchema.safeParse(data);
  if (!parsed.success) return { outcome: 'unknown' };
  if (parsed.data.outcome === 'swapped') return parsed.data;
  const current = parseRevised(key, parsed.data.current);
  return current === null ? { outcome: 'unknown' } : { outcome: 'conflict', current };
}

/** The answer's JSON; undefined for every failure, also when the deadline passes. */
function postJson(
  options: RemoteCoordinatorOptions,
  agent: Agent,
  path: string,
  body: unknown,
): Promise<unknown> {
  const { host, port } = options;
  return new Promise((resolve) => {
    const payload = Buffer.from(JSON.stringify(body));
    const headers = { 'content-type': 'application/json', 'content-length': payload.length };
    const request = httpRequest({ host, port, path, method: 'POST', agent, headers });
    const finish = (value: unknown): void => {
      clearTimeout(timer);
      resolve(value);
    };
    const timer = setTimeout(() => {
      finish(undefined);
      request.destroy();
    }, options.deadlineMs ?? 1000);
    request.on('error', () => finish(undefined));
    request.on('close', () => finish(undefined));
    request.on('response', (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > ANSWER_LIMIT_BYTES) request.destroy();
        else parts.push(part);
      });
      response.on('error', () => finish(undefined));
      response.on('end', () => finish(parseAnswer(response.statusCode, parts)));
    });
    request.end(payload);
  });
}

function parseAnswer(status: number | undefined, parts: Buffer[]): unknown {
  if (status !== 200) return undefined;
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
