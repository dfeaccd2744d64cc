import * as z from 'zod';
import type { SiteChangeAnswer, SiteChangeDesk } from '../../site/site-change-desk.js';
import { type Exchange, sendJson, sendProblem } from './exchange.js';
import { readJsonBody } from './json-body.js';
import { refusal } from './problem.js';

const Place = z.strictObject({
  display_name: z.string().min(1).max(100),
  host: z.string().min(1).max(253),
  peer_port: z.int().min(1).max(65_535),
  http_url: z.url({ protocol: /^https?$/ }).max(1000),
});
const Replacement = z.strictObject({ address: Place.nullable() });
const Addition = z.strictObject({ address: Place });
const Removal = z.strictObject({ rehome: z.boolean() });
const Nothing = z.strictObject({});
const ADDRESS =
  '{"address": {"display_name": "New York", "host": "10.0.0.9", "peer_port": 4100, ' +
  '"http_url": "http://10.0.0.9:4101"}}';

export interface SiteAction {
  readonly site: string;
  readonly action: 'replace' | 'add' | 'remove' | 'cancel';
}

/** What `/v1/sites/<site>/<action>` asks for; null for any other path. */
export function siteAction(path: string): SiteAction | null {
  const found = /^\/v1\/sites\/([a-z0-9-]{1,32})\/(replace|add|remove|cancel)$/.exec(path);
  const [, site = '', action = ''] = found ?? [];
  return found && { site, action: action as SiteAction['action'] };
}

export async function changeSites(exchange: Exchange, asked: SiteAction): Promise<void> {
  const { siteChanges } = exchange.service;
  if (siteChanges === null) {
    return sendProblem(exchange, refusal('not_offered', 'this service has no other sites'));
  }
  const answer = await answerOf(exchange, siteChanges, asked);
  if (answer === null) return;
  if (!answer.ok) return sendProblem(exchange, refusal(answer.reason, answer.message));
  sendJson(exchange, 202, { change: answer.sites.change });
}

/** Null where the request was refused already. */
async function answerOf(
  exchange: Exchange,
  desk: SiteChangeDesk,
  { site, action }: SiteAction,
): Promise<SiteChangeAnswer | null> {
  switch (action) {
    case 'replace': {
      const body = await bodyOf(exchange, Replacement, `{"address": null}, or ${ADDRESS}`);
      return body && desk.replace(site, body.address && addressOf(site, body.address));
    }
    case 'add': {
      const body = await bodyOf(exchange, Addition, ADDRESS);
      return body && desk.add(addressOf(site, body.address));
    }
    case 'remove': {
      const body = await bodyOf(exchange, Removal, '{"rehome": false}');
      return body && desk.remove(site, body.rehome);
    }
    case 'cancel':
      return (await bodyOf(exchange, Nothing, '{}')) && desk.giveUp(site);
  }
}

async function bodyOf<T>(
  exchange: Exchange,
  schema: z.ZodType<T>,
  example: string,
): Promise<T | null> {
  const read = await readJsonBody(exchange, schema, example);
  if (read.ok) return read.value;
  sendProblem(exchange, read);
  return null;
}

function addressOf(
  site: string,
  place: z.infer<typeof Place>,
): Parameters<SiteChangeDesk['add']>[0] {
  const { display_name: displayName, host, peer_port: peerPort, http_url: httpUrl } = place;
  return { site, displayName, host, peerPort, httpUrl };
}
