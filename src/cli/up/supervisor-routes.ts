import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { isAdminKey } from '../../site/access/admin-key.js';
import { readJsonBody } from '../../coordinator/json-body.js';
import type { SiteCrew } from './site-crew.js';

/*
 * How `quorate site` reaches the sites of `quorate up`: on the coordinator's port, GET /v1/supervisor
 * and POST /v1/supervisor/sites/<name> {"action": …}. `add` makes room for a site and says where it
 * is; it is in the cluster only once its sites were told. `forget` undoes that.
 */

export const SUPERVISOR_ROUTE = '/v1/supervisor';
const BODY_LIMIT_BYTES = 4096;

const ACTIONS = ['stop', 'start', 'kill', 'start-empty', 'forget'] as const;
const ActionRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.enum(ACTIONS) }),
  z.strictObject({ action: z.literal('add'), displayName: z.string().min(1).max(100) }),
]);
export type SupervisorAction = z.infer<typeof ActionRequest>;

export const SupervisorAnswer = z.object({
  dataFolder: z.string(),
  sites: z.array(z.object({ site: z.string(), state: z.string(), pid: z.number().nullable() })),
});

export const ActionAnswer = z.object({
  ok: z.boolean(),
  message: z.string(),
  /** Where a site that was added will be. */
  place: z
    .object({
      display_name: z.string(),
      host: z.string(),
      peer_port: z.number(),
      http_url: z.string(),
    })
    .optional(),
});

/**
 * A handler that takes the supervisor's requests and leaves all others. Sites are stopped and
 * started only for the administrator's key: the port is open to every user of this machine.
 */
export function supervisorRoutes(
  crew: SiteCrew,
  adminKeyHash: string,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const path = request.url ?? '';
    if (path === SUPERVISOR_ROUTE && request.method === 'GET') {
      const { dataFolder } = crew;
      const sites = crew.children.map(({ site, state, pid }) => ({ site, state, pid }));
      answer(response, 200, { dataFolder, sites });
      return true;
    }
    if (!path.startsWith(`${SUPERVISOR_ROUTE}/sites/`)) return false;
    const name = path.slice(SUPERVISOR_ROUTE.length + '/sites/'.length);
    act(request, response, crew, name, adminKeyHash).catch(() => response.destroy());
    return true;
  };
}

async function act(
  request: IncomingMessage,
  response: ServerResponse,
  crew: SiteCrew,
  name: string,
  adminKeyHash: string,
): Promise<void> {
  // Web pages may send POST to any address; only they send an Origin.
  if (request.method !== 'POST' || request.headers.origin !== undefined) {
    return refuse(response, 405, 'only POST, and not from web pages');
  }
  const [, key = ''] = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!isAdminKey(key, adminKeyHash)) {
    return refuse(response, 401, "this needs the administrator's key", 'key_required');
  }
  const body = await readJsonBody(request, BODY_LIMIT_BYTES);
  const parsed = ActionRequest.safeParse(body.ok ? body.value : undefined);
  if (!parsed.success) {
    const actions = [...ACTIONS, 'add'].join('|');
    return refuse(response, 400, `expected {"action": "${actions}"} as application/json`);
  }
  if (parsed.data.action === 'add') {
    return add(response, crew, name, parsed.data.displayName);
  }
  const child = crew.child(name);
  if (!child && parsed.data.action === 'forget') {
    return answer(response, 200, { ok: true, message: `${name} is not run` });
  }
  if (!child) {
    const known = crew.children.map(({ site }) => site).join(', ');
    return refuse(response, 404, `there is no site "${name}"; there are ${known}`);
  }
  const { action } = parsed.data;
  if (action === 'forget') {
    await crew.leave(child);
    return answer(response, 200, { ok: true, message: `${name} is not run any more` });
  }
  if (action === 'start-empty') {
    const fault =
      child.pid === null
        ? await crew.setAside(name, 'replaced')
        : `${name} runs: kill or stop it first`;
    if (fault !== null) return refuse(response, 409, fault);
  }
  if (action === 'start' || action === 'start-empty') {
    const started = await child.start();
    return started.ok
      ? answer(response, 200, { ok: true, message: `${name} is ready` })
      : refuse(response, 409, started.message);
  }
  await child.stop(action === 'stop' ? 'clean' : 'kill');
  answer(response, 200, {
    ok: true,
    message: `${name} is ${action === 'stop' ? 'stopped' : 'killed'}; bring it back with: quorate site start ${name}`,
  });
}

async function add(
  response: ServerResponse,
  crew: SiteCrew,
  name: string,
  displayName: string,
): Promise<void> {
  if (!/^[a-z0-9-]{1,32}$/.test(name)) {
    return refuse(response, 400, `"${name}" is no id of a site: 1 to 32 of a-z, 0-9 and "-"`);
  }
  const added = await crew.add(name, displayName);
  if (!added.ok) return refuse(response, 409, added.message);
  const { host, httpPort, peerPort } = added.config;
  const place = {
    display_name: added.config.displayName,
    host,
    peer_port: peerPort,
    http_url: `http://${host}:${httpPort}`,
  };
  answer(response, 200, { ok: true, message: `there is room for ${name}`, place });
}

function refuse(response: ServerResponse, status: number, detail: string, code = 'refused'): void {
  answer(response, status, { status, code, title: '', detail });
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
