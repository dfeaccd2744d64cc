import * as z from 'zod';
import type { SiteChangeAnswer } from '../../site/site-change-desk.js';
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
const EXAMPLE =
  '{"address": null}, or {"address": {"display_name": "New York", "host": "10.0.0.9", ' +
  '"peer_port": 4100, "http_url": "http://10.0.0.9:4101"}}';

/** The site of `/v1/sites/<site>/replace`; null for any other path. */
export function replacedSite(path: string): string | null {
  return /^\/v1\/sites\/([a-z0-9-]{1,32})\/replace$/.exec(path)?.[1] ?? null;
}

export async function replaceSite(exchange: Exchange, site: string): Promise<void> {
  const { siteChanges } = exchange.service;
  if (siteChanges === null) {
    return sendProblem(exchange, refusal('not_offered', 'this service has no other sites'));
  }
  const read = await readJsonBody(exchange, Replacement, EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  const { address } = read.value;
  const at = address && {
    site,
    displayName: address.display_name,
    host: address.host,
    peerPort: address.peer_port,
    httpUrl: address.http_url,
  };
  const answer: SiteChangeAnswer = await siteChanges.replace(site, at);
  if (!answer.ok) return sendProblem(exchange, refusal(answer.reason, answer.message));
  sendJson(exchange, 202, { change: answer.sites.change });
}
