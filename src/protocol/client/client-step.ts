import type { FileVersion } from '../file-version.js';
import { holderEndMs } from '../lease/duration.js';
import type { Now } from '../shard/inputs.js';
import type { ClientAnswer } from './answers.js';
import { type CacheEntry, keepEntry, positionOfEntry } from './cache.js';
import type {
  ClientEffect,
  ClientInput,
  ClientState,
  PendingRequest,
  Watch,
} from './client-state.js';
import type {
  DroppedFile,
  KeepTerms,
  Leases,
  ReadReply,
  SessionWrite,
  SessionWriteAnswer,
  SiteReply,
} from './messages.js';

/** What one message may name: with every character escaped it still fits a frame. */
const NAMES_LIMIT_CHARACTERS = 128 * 1024;

interface Step {
  readonly s: ClientState;
  readonly out: ClientEffect[];
}

/**
 * A client's cache, session and retries: takes an input at a moment, changes the state, returns what
 * the world has to do. The same code runs in Node, in browsers and in the simulator.
 */
export function clientStep(s: ClientState, input: ClientInput, now: Now): ClientEffect[] {
  const step: Step = { s, out: [] };
  advanceClientClock(s, now);
  switch (input.kind) {
    case 'tick':
      renewIfUsed(step);
      break;
    case 'closed':
      close(s);
      break;
    case 'message':
      receive(step, input.message);
      break;
    case 'read':
      read(step, input);
      break;
    case 'write': {
      const { ticket, requestId, write, conditions } = input;
      const attempts = input.since === undefined ? 0 : 1;
      const since = input.since ?? s.position;
      ask(step, { kind: 'write', ticket, requestId, write, conditions, attempts, since });
      break;
    }
    case 'watch': {
      const { ticket, prefix, from: cursor } = input;
      startWatch(step, { ticket, prefix, cursor });
      break;
    }
    case 'unwatch':
      endWatch(step, input.ticket);
      break;
    case 'give-up':
      giveUp(step, input.ticket);
      break;
  }
  return step.out;
}

/** When `tick` is due next, on the monotonic clock; Infinity if nothing waits for time. */
export function clientDeadline(s: ClientState): number {
  return s.session === null ? Number.POSITIVE_INFINITY : s.nextRenewMs;
}

/** † A holder counts the larger of the two clocks' advances: one stands still while asleep. */
export function advanceClientClock(s: ClientState, now: Now): void {
  const { clock } = s;
  const advance = Math.max(now.monoMs - clock.monoMs, now.wallMs - clock.wallMs, 0);
  clock.monoMs = now.monoMs;
  clock.wallMs = now.wallMs;
  clock.holderMs += advance;
}

/**
 * The file from memory, if it may be used this very moment: a valid entry under a live session whose
 * lease runs. Call with the clock of this moment; no step is needed.
 */
export function readMemory(s: ClientState, name: string, now: Now): CacheEntry | undefined {
  const entry = s.cache.entries.get(name);
  if (entry === undefined || s.session === null) return undefined;
  advanceClientClock(s, now);
  if (!isValid(s, entry)) return undefined;
  entry.used = true;
  s.usedMs = s.clock.monoMs;
  return entry;
}

/** † Kept and leased in the same generation, and the lease counted from the asking still runs. */
export function isValid(s: ClientState, entry: CacheEntry): boolean {
  const { keep } = entry;
  if (keep === null || s.session === null) return false;
  const lease = s.leases.get(keep.shard);
  if (lease === undefined || lease.generation !== keep.generation) return false;
  return s.clock.holderMs < lease.endMs;
}

function send(step: Step, message: Extract<ClientEffect, { kind: 'send' }>['message']): void {
  step.out.push({ kind: 'send', message });
}

function answer(step: Step, ticket: number, value: ClientAnswer): void {
  step.out.push({ kind: 'answer', ticket, answer: value });
}

/** † When a session ends everything kept under it is suspect; what was asked is asked again. */
function close(s: ClientState): void {
  s.session = null;
  s.leases.clear();
  s.revoked.clear();
  s.nextRenewMs = Number.POSITIVE_INFINITY;
  for (const entry of s.cache.entries.values()) entry.keep = null;
  for (const [id, request] of s.requests) if (request.kind === 'revalidate') s.requests.delete(id);
}

function receive(step: Step, message: SiteReply): void {
  switch (message.kind) {
    case 'welcome':
      return welcome(step, message);
    case 'renewed':
      step.s.position = message.position;
      return takeLeases(step, message);
    case 'invalidate':
      return invalidate(step, message.files);
    case 'read':
      return readAnswered(step, message);
    case 'written':
      return written(step, message);
    case 'revalidated':
      return revalidated(step, message);
    case 'changes':
      return changed(step, message);
    case 'watch-ended':
      return watchEnded(step, message);
  }
}

function welcome(step: Step, message: Extract<SiteReply, { kind: 'welcome' }>): void {
  const { s } = step;
  s.session = message.session;
  s.site = message.site;
  s.position = message.position;
  const open = [...s.requests];
  s.requests.clear();
  revalidateAll(step);
  for (const [, request] of open) if (request.kind !== 'revalidate') ask(step, request);
  const watches = [...s.watches.values()];
  s.watches.clear();
  for (const watch of watches) startWatch(step, watch);
}

function startWatch(step: Step, watch: Watch): void {
  const { s } = step;
  const id = s.nextId++;
  s.watches.set(id, watch);
  if (s.session === null) return;
  send(step, { kind: 'watch', id, prefix: watch.prefix, from: watch.cursor });
}

function endWatch(step: Step, ticket: number): void {
  const { s } = step;
  for (const [id, watch] of s.watches) {
    if (watch.ticket !== ticket) continue;
    s.watches.delete(id);
    if (s.session !== null) send(step, { kind: 'unwatch', id });
  }
}

/** † The cursor moves with what was handed on: after a break the feed goes on right behind it. */
function changed(step: Step, message: Extract<SiteReply, { kind: 'changes' }>): void {
  const { changes, cursor, id } = message;
  const watch = step.s.watches.get(id);
  if (watch === undefined) return;
  watch.cursor = cursor;
  step.out.push({ kind: 'changes', ticket: watch.ticket, changes, cursor });
}

function watchEnded(step: Step, message: Extract<SiteReply, { kind: 'watch-ended' }>): void {
  const watch = step.s.watches.get(message.id);
  if (watch === undefined) return;
  step.s.watches.delete(message.id);
  step.out.push({ kind: 'watch-ended', ticket: watch.ticket, reason: message.reason });
}

/** Everything kept, newest use first, in one message; what does not fit is validated when read. */
function revalidateAll(step: Step): void {
  const { s } = step;
  const names: string[] = [];
  let characters = 0;
  for (const name of [...s.cache.entries.keys()].reverse()) {
    characters += name.length;
    if (names.length === s.config.revalidateLimit || characters > NAMES_LIMIT_CHARACTERS) break;
    names.push(name);
  }
  if (names.length === 0) return;
  const files = names.map((name) => {
    const { epoch, seq } = positionOfEntry(s.cache.entries.get(name) as CacheEntry);
    return { name, epoch, seq };
  });
  const id = s.nextId++;
  s.requests.set(id, { kind: 'revalidate', names });
  send(step, { kind: 'revalidate', id, sentMs: s.clock.holderMs, files });
}

function read(step: Step, input: Extract<ClientInput, { kind: 'read' }>): void {
  const { s } = step;
  const { ticket, name, mode } = input;
  const entry = s.cache.entries.get(name);
  if (mode === 'strong' && entry !== undefined && isValid(s, entry)) {
    entry.used = true;
    s.usedMs = s.clock.monoMs;
    return answer(step, ticket, { kind: 'read', ok: true, head: entry.head, freshness: 'memory' });
  }
  s.usedMs = s.clock.monoMs;
  ask(step, { kind: 'read', ticket, name, mode });
}

/** Sends a request, or keeps it until there is a session. */
function ask(step: Step, request: Exclude<PendingRequest, { kind: 'revalidate' }>): void {
  const { s } = step;
  if (s.requests.size >= s.config.requestLimit) return refuse(step, request);
  const id = s.nextId++;
  s.requests.set(id, request);
  if (s.session === null) return;
  if (request.kind === 'read') {
    const { name, mode } = request;
    const entry = s.cache.entries.get(name);
    const at = entry?.head ?? null;
    const held = at === null ? null : { epoch: at.epoch, seq: at.seq };
    send(step, { kind: 'read', id, sentMs: s.clock.holderMs, name, held, mode });
  } else {
    const { requestId, write, conditions } = request;
    const since = request.attempts === 0 ? null : request.since;
    request.attempts += 1;
    const { holderMs: sentMs } = s.clock;
    send(step, { kind: 'write', id, sentMs, requestId, since, write, conditions });
  }
}

function refuse(step: Step, request: Exclude<PendingRequest, { kind: 'revalidate' }>): void {
  const { ticket } = request;
  if (request.kind === 'read') {
    return answer(step, ticket, { kind: 'read', ok: false, reason: 'overloaded' });
  }
  answer(step, ticket, { kind: 'write', answer: uncertain(request, 'overloaded') });
}

/** Certain only if the write was never sent. */
function uncertain(
  request: Extract<PendingRequest, { kind: 'write' }>,
  reason: string,
): SessionWriteAnswer {
  if (request.attempts > 0) return { outcome: 'unknown', reason: 'timeout' };
  return { outcome: 'refused', reason };
}

function giveUp(step: Step, ticket: number): void {
  const { s } = step;
  for (const [id, request] of s.requests) {
    if (request.kind === 'revalidate' || request.ticket !== ticket) continue;
    s.requests.delete(id);
    return request.kind === 'read'
      ? answer(step, ticket, { kind: 'read', ok: false, reason: 'timeout' })
      : answer(step, ticket, { kind: 'write', answer: uncertain(request, 'unreachable') });
  }
}

function readAnswered(step: Step, message: Extract<SiteReply, { kind: 'read' }>): void {
  const { s } = step;
  const request = s.requests.get(message.id);
  if (request?.kind !== 'read') return;
  s.requests.delete(message.id);
  const { ticket, name } = request;
  if (!message.ok) {
    return answer(step, ticket, { kind: 'read', ok: false, reason: message.reason });
  }
  takeLeases(step, message);
  const head = filled(s, name, message);
  if (head === undefined) return ask(step, request); // what it was compared with is gone
  if (request.mode !== 'local') store(step, name, head, message.keep);
  answer(step, ticket, { kind: 'read', ok: true, head, freshness: message.freshness });
}

/** With the bytes that the client has itself where they did not travel. */
function filled(s: ClientState, name: string, message: ReadReply): FileVersion | null | undefined {
  const { head, asHeld } = message;
  if (!asHeld || head === null) return head;
  const known = s.cache.entries.get(name)?.head;
  return known?.epoch === head.epoch && known.seq === head.seq ? known : undefined;
}

/** † A fill that is older than a revocation heard since is told to its reader, and not kept. */
function store(step: Step, name: string, head: FileVersion | null, keep: KeepTerms | null): void {
  const { s } = step;
  const isOld = keep !== null && keep.serial < (s.revoked.get(keep.shard) ?? 0);
  const gone = keepEntry(s.cache, name, head, isOld ? null : keep);
  const left: DroppedFile[] = [];
  for (const [dropped, entry] of gone) {
    if (entry.keep !== null) left.push({ ...pick(entry.keep), name: dropped });
  }
  if (left.length > 0 && s.session !== null) send(step, { kind: 'left', files: left });
}

function pick({ shard, serial }: KeepTerms): { shard: string; serial: number } {
  return { shard, serial };
}

/** The version is the commit's own, not read back: another write may have come since. */
function written(step: Step, message: Extract<SiteReply, { kind: 'written' }>): void {
  const { s } = step;
  const request = s.requests.get(message.id);
  if (request?.kind !== 'write') return;
  s.requests.delete(message.id);
  const { answer: told, head, keep } = message;
  if (told.outcome === 'committed' && head !== null) {
    takeLeases(step, message);
    store(step, head.name, withBytes(head, request.write), keep);
  }
  const isCertain = told.outcome === 'committed' || request.attempts === 1;
  const value = isCertain ? told : ({ outcome: 'unknown', reason: 'timeout' } as const);
  answer(step, request.ticket, { kind: 'write', answer: value, told });
}

function withBytes(head: FileVersion, write: SessionWrite): FileVersion {
  if (write.kind === 'delete' || head.content?.kind !== 'inline') return head;
  return { ...head, content: { ...head.content, bytes: write.bytes } };
}

function revalidated(step: Step, message: Extract<SiteReply, { kind: 'revalidated' }>): void {
  const { s } = step;
  const request = s.requests.get(message.id);
  if (request?.kind !== 'revalidate') return;
  s.requests.delete(message.id);
  takeLeases(step, message);
  request.names.forEach((name, index) => {
    const keep = message.keeps[index] ?? null;
    const entry = s.cache.entries.get(name);
    if (keep === null || entry === undefined || entry.keep !== null) return;
    if (keep.serial >= (s.revoked.get(keep.shard) ?? 0)) entry.keep = keep;
  });
}

/** † Dropped first, then acknowledged; also what was never here, and what comes twice. */
function invalidate(step: Step, files: readonly DroppedFile[]): void {
  const { s } = step;
  for (const { shard, name, serial } of files) {
    s.revoked.set(shard, Math.max(serial, s.revoked.get(shard) ?? 0));
    if (name !== null) suspect(step, name, s.cache.entries.get(name), shard, serial);
    else for (const [each, entry] of s.cache.entries) suspect(step, each, entry, shard, serial);
  }
  send(step, { kind: 'done', files });
}

function suspect(
  step: Step,
  name: string,
  entry: CacheEntry | undefined,
  shard: string,
  serial: number,
): void {
  const { keep } = entry ?? { keep: null };
  if (entry === undefined || keep === null || keep.shard !== shard || keep.serial >= serial) return;
  entry.keep = null;
  step.out.push({ kind: 'invalidated', name });
}

function renewIfUsed(step: Step): void {
  const { s } = step;
  const { monoMs, holderMs: sentMs } = s.clock;
  if (s.session === null || monoMs < s.nextRenewMs) return;
  if (monoMs - s.usedMs > s.config.renewKeepMs) {
    s.nextRenewMs = Number.POSITIVE_INFINITY; // until something is read again
    return;
  }
  s.nextRenewMs = monoMs + s.config.renewMostMs;
  send(step, { kind: 'renew', sentMs, shards: [...s.leases.keys()] });
}

/** † Counted from the sending of the very request that this answers. */
function takeLeases(step: Step, { sentMs, leases }: Leases): void {
  const { s } = step;
  const { renewAfter, renewLeastMs, renewMostMs } = s.config;
  let shortestMs = renewMostMs / renewAfter;
  for (const { shard, generation, durationMs } of leases) {
    const endMs = holderEndMs(sentMs, durationMs, s.config);
    shortestMs = Math.min(shortestMs, endMs - s.clock.holderMs);
    const known = s.leases.get(shard);
    if (known !== undefined && known.generation > generation) continue; // a late one
    if (known?.generation === generation) known.endMs = Math.max(known.endMs, endMs);
    else s.leases.set(shard, { generation, endMs });
  }
  const waitMs = Math.max(renewLeastMs, shortestMs * renewAfter);
  s.nextRenewMs = Math.min(s.nextRenewMs, s.clock.monoMs + waitMs);
}
