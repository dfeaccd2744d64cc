import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { dirname } from 'node:path';
import { z } from 'zod';
import { keySchema, parseValue, revisionSchema } from './coordinator-schema.js';
import type { CoordinatorState } from './coordinator-state.js';
import { readJsonBody } from './json-body.js';
import { StateFile, loadState } from './state-file.js';
import { WatchStreams } from './watch-streams.js';

export interface EmbeddedCoordinatorOptions {
  /** The one file that holds the state; its folder is made where it is missing. */
  readonly path: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Routes of others on the same port: true when it takes the request. Asked first. */
  readonly extra?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly heartbeatMs?: number;
  readonly report?: (message: string) => void;
}

export interface EmbeddedCoordinator {
  readonly port: number;
  /** Answers what is in flight as far as it is durable, ends the watches, frees the port. */
  close(): Promise<void>;
}

export type EmbeddedStart =
  | { readonly ok: true; readonly coordinator: EmbeddedCoordinator }
  | {
      readonly ok: false;
      readonly reason: 'damaged' | 'unknown_format' | 'io_error' | 'port_taken' | 'listen_failed';
      readonly message: string;
    };

export const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
const CONNECTION_LIMIT = 1024;

const readSchema = z.object({ key: keySchema });
const swapSchema = z.object({ key: keySchema, revision: revisionSchema, value: z.unknown() });

/**
 * The coordinator of one machine: documents in one file, served as JSON over HTTP.
 *
 * A swap is answered once it is on disk, and nothing is shown before it is, so that no answer can be
 * undone by a crash. A state file that is damaged is never taken for an empty one: the start fails.
 */
export async function startEmbeddedCoordinator(
  options: EmbeddedCoordinatorOptions,
): Promise<EmbeddedStart> {
  try {
    await mkdir(dirname(options.path), { recursive: true });
  } catch (error) {
    return { ok: false, reason: 'io_error', message: String(error) };
  }
  const loaded = await loadState(options.path);
  if (!loaded.ok) return loaded;
  const service = new CoordinatorService(options, loaded.state);
  return await service.listen();
}

class CoordinatorService {
  private readonly file: StateFile;
  private readonly streams: WatchStreams;
  private readonly server: Server;

  constructor(
    private readonly options: EmbeddedCoordinatorOptions,
    private readonly state: CoordinatorState,
  ) {
    this.file = new StateFile(options.path, state);
    this.streams = new WatchStreams(options.heartbeatMs ?? 1000);
    this.server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 });
    this.server.maxConnections = CONNECTION_LIMIT;
    this.server.on('request', (request, response) => {
      if (options.extra?.(request, response) === true) return;
      this.route(request, response).catch((error: unknown) => {
        this.options.report?.(`a coordinator request failed: ${String(error)}`);
        response.destroy();
      });
    });
  }

  listen(): Promise<EmbeddedStart> {
    const { host, port } = this.options;
    return new Promise((resolve) => {
      this.server.once('error', (error: NodeJS.ErrnoException) => {
        this.streams.close();
        const reason = error.code === 'EADDRINUSE' ? 'port_taken' : 'listen_failed';
        resolve({ ok: false, reason, message: error.message });
      });
      this.server.listen({ host, port }, () => {
        const address = this.server.address();
        const taken = typeof address === 'object' && address ? address.port : port;
        resolve({ ok: true, coordinator: { port: taken, close: () => this.close() } });
      });
    });
  }

  private async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    this.streams.close();
    await this.file.durable(this.state.revision);
    await new Promise((resolve) => setImmediate(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
    const route = `${request.method ?? ''} ${path}`;
    switch (route) {
      case 'GET /v1/health':
        return answer(response, 200, { ok: true, revision: this.state.revision });
      case 'GET /v1/watch':
        return await this.watch(new URLSearchParams(query).get('prefix') ?? '', response);
      case 'POST /v1/read':
        return await this.read(request, response);
      case 'POST /v1/swap':
        return await this.swap(request, response);
      default:
        return refuse(response, 404, 'not_found', `there is no ${route}`);
    }
  }

  private async read(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJsonBody(request, BODY_LIMIT_BYTES);
    if (!body.ok) return refuse(response, body.status, 'bad_body', body.message);
    const parsed = readSchema.safeParse(body.value);
    if (!parsed.success) return refuse(response, 400, 'bad_key', z.prettifyError(parsed.error));
    const record = this.state.read(parsed.data.key);
    const failure = await this.file.durable(record.revision);
    if (failure !== null) return refuse(response, 503, 'storage_failed', failure);
    answer(response, 200, record);
  }

  private async swap(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readJsonBody(request, BODY_LIMIT_BYTES);
    if (!body.ok) return refuse(response, body.status, 'bad_body', body.message);
    const parsed = swapSchema.safeParse(body.value);
    if (!parsed.success) return refuse(response, 400, 'bad_swap', z.prettifyError(parsed.error));
    const { key, revision } = parsed.data;
    const judged = parseValue(key, parsed.data.value);
    if (!judged.ok) return refuse(response, 400, 'bad_value', judged.message);
    const result = this.state.swap(key, revision, judged.value);
    if (result.outcome === 'full') return refuse(response, 507, 'full', 'too many keys');
    const failure = await this.file.durable(this.state.read(key).revision);
    if (failure !== null) return refuse(response, 503, 'storage_failed', failure);
    answer(response, 200, result);
    if (result.outcome !== 'swapped') return;
    // A later swap of the key may not be durable yet; it tells the watchers itself.
    const record = this.state.read(key);
    if (this.file.isDurable(record.revision)) this.streams.changed(key, record);
  }

  private async watch(prefix: string, response: ServerResponse): Promise<void> {
    const failure = await this.file.durable(this.state.revision);
    if (failure !== null) return refuse(response, 503, 'storage_failed', failure);
    const durable = this.state
      .list(prefix)
      .filter(([, record]) => this.file.isDurable(record.revision));
    if (this.streams.add(prefix, response, durable)) return;
    refuse(response, 503, 'too_many_watchers', 'as many watch as may');
  }
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  if (status === 413) response.setHeader('connection', 'close');
  answer(response, status, { code, message });
}
