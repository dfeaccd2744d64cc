import type { LogEntry } from '../../protocol/log-entry.js';
import { type FileList, holdersOfFile, type Lender } from '../../protocol/lease/lender.js';
import type { ShardMessage } from '../../protocol/shard/messages.js';
import type { ShardState, Withdrawal } from '../../protocol/shard/state.js';
import type { Station } from '../scenario/station.js';

/*
 * Copies of a site's state, and its name: a text that two states share when nothing that the
 * exploration can do tells them apart. Left out are counters that only name things in order, sums
 * whose limits are never reached, what follows from the log, times that only a replica's own timer
 * reads, which never goes off here, how far the log may be trimmed, since the views here never keep
 * enough for it, and incarnations, since no disk is lost. A bound that adds one of these has to take
 * it out of the list; a field that is new in the state is in the name until somebody adds it here.
 */

const LEFT_OUT = new Set([
  'config',
  'startedMs',
  'nextId',
  'nextToken',
  'nextStandingMs',
  'caughtUpSinceMs',
  'crownedMs',
  'bytes',
  'sentBytes',
  'unreleasedBytes',
  'writes',
  'order',
  'ownership',
  'peers',
  'askedMs',
  'sinceMs',
  'nextRenewMs',
  'fetches',
  'site',
  'atMs',
  'id',
  'heardMs',
  'progressMs',
  'lowSinceMs',
  'highestEpoch',
  'seen',
  'known',
  'attempt',
  'confirmedMs',
  'renewal',
  'releaseDue',
  'stepBackUntilMs',
  'resumed',
  'joinedBytes',
  'marks',
  'trimSeq',
  'incarnation',
  // of leases: what follows from the holders' files, and what only a replica's own timer reads
  'lists',
  'wantedUntilMs',
  'nextRequestMs',
]);

export function shortEntry(entry: LogEntry): string {
  const { operation } = entry;
  const version = operation.kind === 'put' ? operation.version : '';
  return `${entry.epoch}/${entry.seq}${entry.requestId === '' ? '' : `#${entry.requestId}v${version}`}`;
}

function isEntry(value: object): value is LogEntry {
  return 'operation' in value;
}

function encode(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(encode).join()}]`;
  if (isEntry(value)) return shortEntry(value);
  if (value instanceof Map) {
    return `{${[...value]
      .map(([key, each]) => `${key}:${encode(each)}`)
      .sort()
      .join()}}`;
  }
  if (value instanceof Set) return `{${[...value].map(encode).sort().join()}}`;
  let text = '(';
  for (const [key, each] of Object.entries(value)) {
    if (key === 'clock') text += clockName(each as ShardState['clock']);
    else if (key === 'noted') text += notedName(each as ShardState['noted']);
    else if (key === 'withdrawal') text += withdrawalName(each as Withdrawal | null);
    else if (key === 'leader') text += leaderName(each as ShardState['leader']);
    else if (!LEFT_OUT.has(key)) text += `${key}:${encode(each)},`;
  }
  return `${text})`;
}

/** The next step sets both clocks anew: what lasts is how far they are apart. */
function clockName({ monoMs, holderMs }: ShardState['clock']): string {
  return `${holderMs - monoMs},`;
}

/** Since when it takes no writes decides when it has taken too long. */
function withdrawalName(withdrawal: Withdrawal | null): string {
  if (withdrawal === null) return 'withdrawal:,';
  const { closedMs, ...rest } = withdrawal;
  return `withdrawal:${closedMs}${encode(rest)},`;
}

/** What is told of it is the larger time. */
function notedName({ epoch, untilMs, earlierUntilMs, withdrawn }: ShardState['noted']): string {
  return `noted:${epoch}/${Math.max(untilMs, earlierUntilMs)}/${withdrawn.epoch}@${withdrawn.run},`;
}

/** How far it says it has committed matters to the home site's request for its shard alone. */
function leaderName(leader: ShardState['leader']): string {
  return `leader:${leader === null ? '' : encode(leader.reign)},`;
}

/** Two messages with the same name are the same to whoever hears them. */
export function letterName(from: string, to: string, message: ShardMessage): string {
  return `${from} ${to} ${encode(message)}`;
}

export function stationName(station: Station): string {
  const { state, image, unsynced, view, record } = station;
  const life = `${record?.starts}.${state === null ? 'down' : encode(state)}`;
  return `${station.site}|${life}|${encode(image)}|${encode(unsynced)}|${encode(view)}`;
}

function copy<T>(value: T): T {
  if (typeof value !== 'object' || value === null || isEntry(value)) return value;
  if (Array.isArray(value)) return value.map(copy) as T;
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [key, copy(each)])) as T;
  }
  if (value instanceof Set) return new Set(value) as T;
  if (isLender(value)) return copyLender(value) as T;
  const made: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    made[key] = key === 'config' || key === 'initial' || key === 'rules' ? each : copy(each);
  }
  return made as T;
}

function isLender(value: object): value is Lender {
  return 'holders' in value && 'lists' in value;
}

/** A list of who has a file names the holders themselves. */
function copyLender(lender: Lender): Lender {
  const holders = copy(lender.holders);
  const lists = new Map<string, FileList>();
  for (const name of lender.lists.keys()) {
    const having = [...holdersOfFile(lender, name)].flatMap(({ id }) => holders.get(id) ?? []);
    lists.set(name, { name, holders: new Set(having) });
  }
  return { holders, lists };
}

/** What a station holds outside its state is replaced and never changed: it is shared. */
export function copyStation(station: Station): Station {
  return { ...station, state: copy(station.state) };
}
