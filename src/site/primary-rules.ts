import type { NamePattern } from '../protocol/log-entry.js';
import {
  type TableChangePorts,
  type TableChangeResult,
  changeTable,
  finishPendingChange,
} from '../protocol/node/table-change.js';
import type { PrimaryTable } from '../protocol/ports.js';
import { patternMatches, shardOf, withRule } from '../protocol/primary-table.js';
import type { FileService, RejectReason } from './file-service.js';
import type { ShardCalls } from './shard-calls.js';
import { readPattern } from './site-names.js';

type RuleChange = Awaited<ReturnType<FileService['setPrimary']>>;

/** Names looked at in one shard before the shards' own, complete check is left to decide. */
const EARLY_CHECK_NAMES = 10_000;
const PAGE_NAMES = 1000;

function refuse(reason: RejectReason, message: string): RuleChange {
  return { ok: false, reason, message };
}

/** Makes the names of a pattern belong to a shard; refused for names that have, or had, files. */
export async function setPrimary(
  calls: ShardCalls,
  text: string,
  shard: string,
): Promise<RuleChange> {
  const { node } = calls.context;
  const read = readPattern(text);
  if (!read.ok) return refuse('invalid_name', read.message);
  const { pattern } = read;
  const shards = [...node.config.shards.keys()];
  if (!shards.includes(shard)) {
    return refuse('unknown_site', `${shard} is none of ${shards.join(', ')}`);
  }
  const inTheWay = nameInTheWay(calls, pattern, shard);
  if (inTheWay !== null) return refuse('names_have_files', `${inTheWay} has versions already`);
  const result = await new Promise<TableChangeResult>((resolve) =>
    changeTable(portsOf(calls), { pattern, to: shard }, resolve),
  );
  return result.ok ? result : refusedChange(result, text);
}

/**
 * Finishes a change that its site left half done, so that the names on their way arrive. Calls back
 * at the end, whatever came of it.
 */
export function finishChange(calls: ShardCalls, done: () => void): void {
  finishPendingChange(portsOf(calls), done);
}

function portsOf(calls: ShardCalls): TableChangePorts {
  const { node, timeoutMs } = calls.context;
  return {
    coordinator: node.ports.coordinator,
    shards: [...node.config.shards.keys()],
    initialRules: node.config.initialRules,
    submit: (to, request, done) => {
      const untilMs = node.nowMs() + timeoutMs;
      node.submit(
        () => to,
        request,
        untilMs,
        ({ answer }) => done(answer),
      );
    },
  };
}

function refusedChange(
  result: Extract<TableChangeResult, { ok: false }>,
  text: string,
): RuleChange {
  switch (result.reason) {
    case 'names_have_files':
      return refuse('names_have_files', `some of the names of ${text} have versions already`);
    case 'coordinator_unavailable':
      return refuse('quorum_unavailable', 'the coordinator, which keeps the table, did not answer');
    case 'unfinished': {
      const where = result.shard === '' ? '' : ` at shard ${result.shard}`;
      return refuse('moving', `the change could not be finished${where}; it goes on when repeated`);
    }
    case 'overtaken':
      return refuse('moving', 'other changes followed at once; look at the table');
  }
}

export async function readTable(calls: ShardCalls): Promise<PrimaryTable | null> {
  const { node } = calls.context;
  const current = await new Promise<PrimaryTable | null>((resolve) =>
    node.ports.coordinator.read('table', (read) => resolve(read?.value ?? null)),
  );
  return current ?? node.table.value;
}

/** A name that would go to another shard, if one is soon found in the views here. */
function nameInTheWay(calls: ShardCalls, pattern: NamePattern, to: string): string | null {
  const { node } = calls.context;
  const rules = node.table.value?.rules ?? node.config.initialRules;
  const changed = withRule(rules, { pattern, shards: [to] });
  const leaves = (name: string): boolean =>
    patternMatches(pattern, name) && shardOf(rules, name) !== shardOf(changed, name);
  const text = pattern.kind === 'exact' ? pattern.name : pattern.prefix;
  const prefix = text.startsWith('*/') ? '' : text;
  for (const drive of calls.drives) {
    if (!drive.isReadable) continue;
    let after = '';
    for (let seen = 0; seen < EARLY_CHECK_NAMES; seen += PAGE_NAMES) {
      const names = drive.view.names({ prefix, after, limit: PAGE_NAMES });
      const found = names.find(leaves);
      if (found !== undefined) return found;
      if (names.length < PAGE_NAMES) break;
      after = names.at(-1) ?? after;
    }
  }
  return null;
}
