import * as z from 'zod';
import type { Caller } from '../../site/access/caller.js';
import { permitsSome } from '../../site/access/rights.js';
import type { TableRule } from '../service-types.js';
import { checkFileName } from '../../site/site-names.js';
import type { Exchange } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { sendReadFailure } from './file-reads.js';
import { sendOutcome } from './file-writes.js';
import { readJsonBody } from './json-body.js';
import { refusal } from './problem.js';
import { readWriteOptions } from './write-options.js';

/** Those in which the caller may read anything. */
export async function answerBuckets(exchange: Exchange): Promise<void> {
  const listed = await exchange.service.listBuckets();
  if (!listed.ok) return sendReadFailure(exchange, listed);
  sendJson(exchange, 200, {
    buckets: listed.buckets
      .filter(({ name }) => permitsSome(exchange.caller.rights, name, 'read'))
      .map(({ name, createdMs }) => ({ name, created: new Date(createdMs).toISOString() })),
  });
}

/** PUT and DELETE of `/v1/buckets/<name>`. */
export async function changeBucket(exchange: Exchange, bucket: string): Promise<void> {
  const { request, service } = exchange;
  const read = readWriteOptions(exchange, false);
  if (!read.ok) return sendProblem(exchange, read);
  const { options } = read;
  const outcome =
    request.method === 'PUT'
      ? await service.createBucket(bucket, { ...options, ...ownedBy(exchange.caller) })
      : await service.removeBucket(bucket, options);
  sendOutcome(exchange, outcome, options.requestId);
}

/** Only access keys own buckets. */
function ownedBy({ keyId, isAdministrator }: Caller): { readonly owner?: string } {
  return isAdministrator ? {} : { owner: keyId };
}

/** A rule as JSON: `bucket/path`, a prefix followed by `*`, or `default`. */
function ruleJson(rule: TableRule): unknown {
  const { pattern } = rule;
  const text =
    pattern.kind === 'exact'
      ? pattern.name
      : pattern.kind === 'prefix'
        ? `${pattern.prefix}*`
        : 'default';
  return { kind: pattern.kind, pattern: text, sites: rule.shards };
}

/** GET of the primary table, or with `?name=` of what one name gets from it. */
export async function answerPrimaries(exchange: Exchange, name: string | undefined): Promise<void> {
  if (name !== undefined) {
    const check = checkFileName(name);
    if (!check.ok) return sendProblem(exchange, refusal('invalid_name', check.message));
    const { rule, shard, primary } = exchange.service.primaryOf(name);
    // A shard keeps its name where its first home was removed.
    const { shards } = exchange.service.cluster();
    const home = shards.find((each) => each.shard === shard)?.home ?? shard;
    return sendJson(exchange, 200, { name, home, primary, rule: ruleJson(rule) });
  }
  const table = await exchange.service.primaryTable();
  if (table === null) {
    return sendProblem(exchange, refusal('timeout', 'the coordinator did not give the table'));
  }
  sendJson(exchange, 200, {
    version: table.version,
    rules: table.rules.map(ruleJson),
    pending: table.pending,
  });
}

const RuleChange = z.strictObject({ pattern: z.string().min(1).max(1100), site: z.string() });
const RULE_EXAMPLE = '{"pattern": "bucket/path", "site": "nyc"}';

/** PUT of `{pattern, site}`. */
export async function changePrimaries(exchange: Exchange): Promise<void> {
  const read = await readJsonBody(exchange, RuleChange, RULE_EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  const { pattern, site } = read.value;
  const changed = await exchange.service.setPrimary(pattern, site);
  if (!changed.ok) {
    return sendProblem(exchange, { ok: false, code: changed.reason, detail: changed.message });
  }
  const { version, rules } = changed.table;
  sendJson(exchange, 200, { version, rules: rules.map(ruleJson), pending: changed.table.pending });
}
