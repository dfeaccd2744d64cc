import type * as z from 'zod';
import { authorizationOf } from '../../client/access-key.js';
import { attempt, parseJson } from '../../client/attempts.js';
import { SiteOrder } from '../../client/nearest-site.js';
import { readText } from '../../client/site-endpoint.js';
import type { ExitCode } from '../exit-code.js';
import { EXIT } from '../exit-code.js';
import { requireSite, type Session } from '../session.js';
import { ActionAnswer, SUPERVISOR_ROUTE, type SupervisorAction } from '../up/supervisor-routes.js';

const ANSWER_LIMIT_BYTES = 64 * 1024;
/** A site that is started has a minute to be ready. */
const SILENCE_LIMIT_MS = 90_000;

export type SupervisorReply =
  | { readonly ok: true; readonly answer: z.infer<typeof ActionAnswer> }
  /** The user was told why. */
  | { readonly ok: false; readonly exit: ExitCode };

/** Asks the supervisor of the cluster at the session's base port; says why where it does not do it. */
export async function askSupervisor(
  session: Session,
  name: string,
  action: SupervisorAction,
): Promise<SupervisorReply> {
  const url = `http://127.0.0.1:${session.basePort}`;
  const answer = await attempt(
    new SiteOrder([{ site: 'supervisor', url }]),
    {
      method: 'POST',
      path: `${SUPERVISOR_ROUTE}/sites/${name}`,
      headers: { 'content-type': 'application/json', ...authorizationOf(session.key) },
      body: Buffer.from(JSON.stringify(action)),
      silenceLimitMs: SILENCE_LIMIT_MS,
    },
    { deadlineMs: 0, backoffMs: [0, 0] },
  );
  if (!answer.ok) {
    if (answer.code !== 'unreachable') return { ok: false, exit: await session.fail(answer) };
    await session.note(
      `quorate: nothing started by "quorate up" is at ${url}; only such sites can be acted on`,
    );
    return { ok: false, exit: EXIT.unavailable };
  }
  const told = ActionAnswer.safeParse(parseJson(await readText(answer.body, ANSWER_LIMIT_BYTES)));
  if (told.success) return { ok: true, answer: told.data };
  await session.note(`quorate: ${url} is not the supervisor of a cluster`);
  return { ok: false, exit: EXIT.failed };
}

/** Stops, starts or kills a site of `quorate up`. */
export async function actOnSite(
  session: Session,
  name: string,
  action: 'stop' | 'start' | 'kill' | 'start-empty' | 'forget',
  /** Says nothing where it went well. */
  quietly = false,
): Promise<ExitCode> {
  requireSite(session.sites, name);
  const reply = await askSupervisor(session, name, { action });
  if (!reply.ok) return reply.exit;
  if (!quietly) await session.show(reply.answer, () => reply.answer.message);
  return EXIT.ok;
}
