import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { isAdminKey } from '../../site/access/admin-key.js';
import { readJsonBody } from '../../coordinator/json-body.js';
import type { SiteChild } from './site-child.js';

/*
 * How `quorate site stop|start|kill` reaches the sites of `quorate up`: on the coordinator's port,
 * GET /v1/supervisor and POST /v1/supervisor/sites/<name> {"action": "stop" | "start" | "kill"}.
 */

export const SUPERVISOR_ROUTE = '/v1/supervisor';
const BODY_LIMIT_BYTES = 4096;

const ActionRequest = z.strictObject({ action: z.enum(['stop', 'start', 'kill', 'start-empty']) });

export const SupervisorAnswer = z.object({
  dataFolder: z.string(),
  sites: z.array(z.object({ site: z.string(), state: z.string(), pid: z.number().nullable() })),
});

export const ActionAnswer = z.object({ ok: z.boolean(), message: z.string() });

/**
 * A handler that takes the supervisor's requests and leaves all others. Sites are stopped and
 * started only for the administrator's key: the port is open to every user of this machine.
 */
export function supervisorRoutes(
  dataFolder: string,
  children: readonly SiteChild[],
  adminKeyHash: string,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  return (request, response) => {
    const path = request.url ?? '';
    if (path === SUPERVISOR_ROUTE && request.method === 'GET') {
      const sites = children.map(({ site, state, pid }) => ({ site, state, pid }));
      answer(response, 200, { dataFolder, sites });
      return true;
    }
    if (!path.startsWith(`${SUPERVISOR_ROUTE}/sites/`)) return false;
    const name = path.slice(SUPERVISOR_ROUTE.length + '/sites/'.length);
    act(request, response, dataFolder, children, name, adminKeyHash).catch(() =>
      response.destroy(),
    );
    return true;
  };
}

async function act(
  request: IncomingMessage,
  response: ServerResponse,
  dataFolder: string,
  children: readonly SiteChild[],
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
  const child = children.find(({ site }) => site === name);
  if (!child) {
    const known = children.map(({ site }) => site).join(', ');
    return refuse(response, 404, `there is no site "${name}"; there are ${known}`);
  }
  const body = await readJsonBody(request, BODY_LIMIT_BYTES);
  const parsed = ActionRequest.safeParse(body.ok ? body.value : undefined);
  if (!parsed.success) {
    return refuse(response, 400, 'expected {"action": "stop|start|kill"} as application/json');
  }
  const { action } = parsed.data;
  if (action === 'start-empty') {
    const fault = await setAside(join(dataFolder, name), child);
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

/** What a site had on its disk goes out of its way, where a person may still look at it. */
async function setAside(folder: string, child: SiteChild): Promise<string | null> {
  if (child.pid !== null) return `${child.site} runs: kill or stop it first`;
  try {
    await rename(folder, `${folder}.replaced-${new Date().toISOString().replace(/[:.]/g, '-')}`);
    return null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    return `${folder} cannot be set aside: ${String(error)}`;
  }
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
