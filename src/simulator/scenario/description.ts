import type { Configuration, LogEntry, Position, RetentionRule } from '../../protocol/log-entry.js';
import type { LogWrite } from '../../protocol/ports.js';
import { patternText } from '../../protocol/primary-table.js';
import type { Answer, WriteRequest } from '../../protocol/request.js';
import type { ShardEffect, ShardEvent } from '../../protocol/shard/effects.js';
import type { ShardInput } from '../../protocol/shard/inputs.js';
import type {
  GrantedVersion,
  GrantTerms,
  Reign,
  RevokedFile,
  ShardMessage,
} from '../../protocol/shard/messages.js';

/*
 * The words of traces: one line for each input and effect, the same for the same thing. A message's
 * text names all that tells it from another, so that a scenario can pick it out.
 */

export function positionText({ epoch, seq }: Position): string {
  return `${epoch}/${seq}`;
}

export function entryText(entry: LogEntry): string {
  const { operation, requestId } = entry;
  const by = requestId === '' ? '' : ` #${requestId}`;
  return `${positionText(entry)} ${operationText(operation)}${by}`;
}

/** `c1 nyc tor lon W2`; where a site begins anew, with its least incarnation: `nyc+2`. */
export function configurationText(configuration: Configuration): string {
  const { version, sites, since, writeQuorum } = configuration;
  const named = sites.map((site) => (since[site] === undefined ? site : `${site}+${since[site]}`));
  return `c${version} ${named.join(' ')} W${writeQuorum}`;
}

function operationText(operation: LogEntry['operation']): string {
  switch (operation.kind) {
    case 'noop':
      return 'noop';
    case 'put':
      return `put ${operation.name} v${operation.version}`;
    case 'delete':
      return `delete ${operation.name} v${operation.version}`;
    case 'retain':
      return `retain ${operation.beforeMs}${(operation.rules ?? []).map(ruleText).join('')}`;
    case 'move-in':
      return `move-in ${patternText(operation.pattern)} t${operation.tableVersion}`;
    case 'move-out':
    case 'move-back':
      return `${operation.kind} ${patternText(operation.pattern)} t${operation.tableVersion} to ${operation.to}`;
    case 'configure':
      return `configure ${configurationText(operation.configuration)}`;
    case 'configured':
      return `configured c${operation.version}`;
  }
}

function ruleText({ bucket, beforeMs, versions }: RetentionRule): string {
  return ` ${bucket}/${beforeMs}${versions === null ? '' : ` newest ${versions}`}`;
}

function entriesText(entries: readonly LogEntry[]): string {
  return `[${entries.map(entryText).join(', ')}]`;
}

function reignText({ epoch, run }: Reign): string {
  return `e${epoch}@${run}`;
}

export function messageText(message: ShardMessage): string {
  if (message.kind === 'standing') {
    return `standing ${positionText(message.end)}${message.eligible ? '' : ' not eligible'}`;
  }
  if (message.kind === 'handover-request') return `handover-request e${message.epoch}`;
  const head = `${message.kind} ${reignText(message)}`;
  switch (message.kind) {
    case 'append': {
      const { beat, target } = message;
      const parts = [`after ${positionText(message.previous)}`, entriesText(message.entries)];
      parts.push(`commit ${message.commitSeq}`, `released ${message.releasedSeq}`);
      if (message.trimSeq > 0) parts.push(`trim ${message.trimSeq}`);
      if (beat !== null) parts.push(`beat ${beat.sentMs}+${beat.actMs}`);
      if (target !== null) parts.push(`target i${target.incarnation} ${target.seq}`);
      return `${head} ${parts.join(' ')}`;
    }
    case 'appended': {
      const beat = message.beatSentMs === null ? '' : ` beat ${message.beatSentMs}`;
      const joining = message.joining ? ' joining' : '';
      return `${head} i${message.incarnation} durable ${message.durableSeq}${joining}${beat}`;
    }
    case 'mismatch': {
      const { previousSeq, commitSeq, at } = message;
      const joining = message.joining ? ' joining' : '';
      return `${head} i${message.incarnation} at ${positionText(at)} not ${previousSeq} commit ${commitSeq}${joining}`;
    }
    case 'refused':
      return `${head} promised ${reignText(message.promised)}`;
    case 'promised': {
      const left = message.remainderMs > 0 ? ` remainder ${message.remainderMs}` : '';
      const { incarnation, end, commitSeq } = message;
      return `${head} i${incarnation} end ${positionText(end)} commit ${commitSeq}${left}`;
    }
    case 'fetch':
      return `${head} after ${message.after} up to ${message.upTo}`;
    case 'fetched': {
      const trimmed = message.trimmed ? ' trimmed' : '';
      return `${head} after ${positionText(message.previous)} ${entriesText(message.entries)}${trimmed}`;
    }
    case 'snapshot-offer':
      return `${head} missing ${message.missingSeq}`;
    case 'lease-request': {
      const left = message.left.map(({ name, position }) => ` left ${name}@${position}`);
      return `${head} for ${message.holder} sent ${message.sentMs}${left.join('')}`;
    }
    case 'lease':
      return `${head} g${message.generation} to ${message.holder} ${message.sentMs}+${message.durationMs}`;
    case 'grant':
      return `${head} ${termsText(message)} ${message.name} ${grantedText(message.version)}`;
    case 'revoke':
      return `${head} ${message.files.map(revokedText).join(', ')}`;
    case 'revoked': {
      const files = message.files.map((f) => `${revokedText(f)}${f.wanted ? ' wanted' : ''}`);
      return `${head} ${files.join(', ')}`;
    }
    case 'recalled':
      return message.holder === undefined ? head : `${head} by ${message.holder}, which ends`;
    case 'prepare': {
      const { withdrawn } = message;
      return withdrawn === undefined ? head : `${head} after ${reignText(withdrawn)}`;
    }
    case 'recall':
    case 'withdraw':
    case 'withdrawn':
    case 'snapshot-wanted':
      return head;
  }
}

function revokedText({ name, seq }: RevokedFile): string {
  return `${name ?? 'everything'} for ${seq}`;
}

function grantedText(version: GrantedVersion): string {
  return version === null ? 'none' : `v${version.version} ${positionText(version)}`;
}

function termsText({ generation, position }: GrantTerms): string {
  return `g${generation} at ${position}`;
}

export function answerText(answer: Answer): string {
  switch (answer.outcome) {
    case 'committed':
      return `committed v${answer.version} ${answer.epoch}/${answer.seq}`;
    case 'rejected':
    case 'unknown':
    case 'retry':
      return `${answer.outcome} ${answer.reason}`;
    case 'head': {
      const { head, terms } = answer;
      const kept = terms === null ? '' : ` granted ${termsText(terms)}`;
      if (head === null) return `head none${kept}`;
      return `head v${head.version} ${positionText(head)}${head.deleted ? ' deleted' : ''}${kept}`;
    }
    case 'end':
      return answer.terms === undefined
        ? `end ${positionText(answer.end)}`
        : `end ${positionText(answer.end)} granted ${termsText(answer.terms)}`;
  }
}

export function writeText({ cutFrom, entries, hardState }: LogWrite): string {
  const parts: string[] = [];
  if (cutFrom !== undefined) parts.push(`cut ${cutFrom}`);
  if (entries.length > 0) parts.push(`add ${entriesText(entries)}`);
  if (hardState !== undefined) {
    const { promisedEpoch, promisedRun, joined, installing } = hardState;
    parts.push(`promise ${reignText({ epoch: promisedEpoch, run: promisedRun })}`);
    if (!joined) parts.push('joining');
    if (installing) parts.push('installing');
  }
  return parts.join(', ');
}

function eventText(event: ShardEvent): string {
  if (event.kind === 'configured') return `configured ${configurationText(event.configuration)}`;
  const { kind, ...rest } = event;
  return [kind, ...Object.values(rest).filter((value) => value !== '')].join(' ');
}

export function requestText(request: WriteRequest): string {
  const { intent, conditions, requestId } = request;
  const what = 'name' in intent ? `${intent.kind} ${intent.name}` : intent.kind;
  const when = Object.entries(conditions).map(([key, value]) => ` ${key} ${String(value)}`);
  return `${what} #${requestId}${when.join('')}`;
}

export function effectText(effect: ShardEffect, ticketName: (ticket: number) => string): string {
  switch (effect.kind) {
    case 'send':
      return `-> ${effect.to} ${messageText(effect.message)}`;
    case 'write':
      return `write ${effect.id}: ${writeText(effect.write)}`;
    case 'reset-log':
      return `reset-log ${effect.id} to ${positionText(effect.base)}`;
    case 'read-log':
      return `read-log from ${effect.from}`;
    case 'apply':
      return `apply ${entriesText(effect.entries)}`;
    case 'ensure-content':
      return `ensure-content ${effect.epoch}/${effect.seq} from ${effect.source || 'anywhere'}`;
    case 'drop-content':
      return `drop-content from ${effect.fromSeq}`;
    case 'trim':
      return `trim ${effect.upToSeq}`;
    case 'answer':
      return `answer ${ticketName(effect.ticket)} ${answerText(effect.answer)}`;
    case 'invalidate':
      return `invalidate ${effect.name ?? 'everything'} at ${effect.sessions.join(' ')} ${effect.serial}`;
    case 'swap-claim': {
      const { epoch, site, released, successor, renewal } = effect.value;
      const state = released ? ` released to ${successor || 'anybody'}` : ` renewal ${renewal}`;
      return `swap-claim e${epoch} ${site}${state}`;
    }
    case 'install-snapshot':
      return `install-snapshot from ${effect.from}`;
    case 'event':
      return `! ${eventText(effect.event)}`;
  }
}

export function inputText(input: ShardInput, ticketName: (ticket: number) => string): string {
  switch (input.kind) {
    case 'message':
      return `${input.from} ${messageText(input.message)}`;
    case 'peer':
      return `${input.site} ${input.connected ? 'connected' : 'gone'}`;
    case 'written':
      return `written ${input.id}${input.failure === null ? '' : ` ${input.failure.kind}`}`;
    case 'propose':
      return `propose ${ticketName(input.ticket)}: ${requestText(input.request)}`;
    case 'ask': {
      const keep = input.asker === null ? '' : ` for ${input.asker.site}`;
      return `ask ${ticketName(input.ticket)}: ${input.name}${keep}`;
    }
    case 'granted':
      return `granted ${input.name} ${grantedText(input.version)} ${termsText(input.terms)}`;
    case 'client-done':
      return `client ${input.session} done ${input.name ?? 'everything'} ${input.serial}`;
    case 'client-left':
      return `client ${input.session} left ${input.name} ${input.serial}`;
    case 'client-gone':
      return `client ${input.session} gone${input.certain ? ' for certain' : ''}`;
    case 'ask-end':
      return `ask-end ${ticketName(input.ticket)}`;
    case 'claim-seen': {
      const { value } = input.claim;
      if (value === null) return 'claim none';
      return `claim e${value.epoch}@${value.run}${value.released ? ' released' : ''}`;
    }
    case 'claim-swapped':
      return `claim-swapped ${input.result.outcome}`;
    case 'content-ready':
      return `content-ready ${input.epoch}/${input.seq}`;
    case 'snapshot-installed':
      return `snapshot-installed ${positionText(input.position)}`;
    case 'roster': {
      const { learners, leaving } = input.roster;
      return `roster learning ${learners.join(' ') || 'none'} leaving ${leaving.join(' ') || 'none'}`;
    }
    case 'log-read':
    case 'applied':
    case 'tick':
    case 'flush':
    case 'snapshot-failed':
    case 'stop':
      return input.kind;
  }
}
