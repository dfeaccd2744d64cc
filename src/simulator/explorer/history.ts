import type { Answer } from '../../protocol/request.js';
import { WRITE_QUORUM } from './setting.js';
import type { Summary } from './summary.js';

/** What became of one attempt: `open` also when nobody is left to answer it, or nobody knows. */
type Attempt = 'none' | 'open' | 'rejected' | `v${number} ${string}`;

/** What has happened so far, as far as a judge has to remember it. Plain data; never changed. */
export interface History {
  readonly moment: number;
  readonly crashes: number;
  /** By site: whether it started again. */
  readonly restarted: readonly boolean[];
  /** The last epoch won, and the number of the site that won it. */
  readonly epoch: number;
  readonly holder: number;
  /** Whether the first site was asked to grant the file. */
  readonly asked: boolean;
  readonly handedOver: boolean;
  /** By write, then by site. */
  readonly attempts: readonly (readonly Attempt[])[];
  /** The log as far as any site ever held it committed. */
  readonly committed: readonly string[];
  /** The largest version that any reader was or could have been told. */
  readonly seen: number;
}

export type Judged = { readonly history: History } | { readonly fault: string };

/** Takes note of what the sites hold now, or says which invariant does not hold. */
export function judge(history: History, sites: readonly Summary[]): Judged {
  let { committed, seen } = history;
  for (const { log, commitSeq } of sites) {
    const own = log.slice(0, commitSeq);
    const [shorter, longer] = own.length < committed.length ? [own, committed] : [committed, own];
    const differs = shorter.findIndex((entry, index) => entry !== longer[index]);
    if (differs >= 0) return fault('I1', `two entries committed at ${differs + 1}`);
    committed = longer;
  }
  const fate = committedFault(committed, sites) ?? entriesFault(committed, history.attempts);
  if (fate !== null) return { fault: fate };
  for (const site of sites) {
    if (site.shown.some((entry, index) => entry !== committed[index])) {
      return fault('I7', 'a view shows what has not committed');
    }
    const read = site.readable[history.moment];
    if (read === null || read === undefined) continue;
    if (read.version < seen) {
      return fault('I18', `a reader is told version ${read.version} after version ${seen}`);
    }
    if (read.version > 0 && !isEntry(committed[read.seq - 1], read.entry)) {
      return fault('I7', `a reader is told version ${read.version}, which has not committed`);
    }
    seen = read.version;
  }
  for (const { leased } of sites) {
    const held = leased[history.moment] ?? null;
    if (held === null) continue;
    const { version, epoch } = held;
    if (version < seen) {
      return fault('I9', `a site serves version ${version} under lease after version ${seen}`);
    }
    const serves = (site: Summary): boolean => (site.readable[history.moment] ?? null) !== null;
    const later = sites.find((site) => site.epoch > epoch && serves(site));
    if (later !== undefined) {
      return fault('I9', `epoch ${later.epoch} serves while a lease of epoch ${epoch} runs`);
    }
    seen = version;
  }
  if (committed === history.committed && seen === history.seen) return { history };
  return { history: { ...history, committed, seen } };
}

function isEntry(held: string | undefined, entry: string): boolean {
  return held === entry || held?.startsWith(`${entry}#`) === true;
}

function fault(invariant: string, message: string): Judged {
  return { fault: `${invariant}: ${message}` };
}

/** What committed is on W disks, and in the log of every primary of its epoch and later ones. */
function committedFault(committed: readonly string[], sites: readonly Summary[]): string | null {
  const held = sites.map(({ onDisk }) => agreement(committed, onDisk)).sort((a, b) => b - a);
  const safe = held[WRITE_QUORUM - 1] ?? 0;
  if (safe < committed.length) return `I2: entry ${safe + 1} committed, and is on too few disks`;
  const epoch = Number.parseInt(committed.at(-1) ?? '0', 10);
  const primaries = sites.filter(({ role }) => role === 'primary');
  for (const primary of primaries) {
    if (primary.epoch < epoch) continue;
    const length = agreement(committed, primary.log);
    if (length < committed.length) {
      return `I2: the primary of epoch ${primary.epoch} lacks entry ${length + 1}, which committed`;
    }
  }
  const epochs = new Set(primaries.map((primary) => primary.epoch));
  return epochs.size < primaries.length ? 'I4: two primaries of one epoch' : null;
}

function agreement(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

/** Each request id once, versions without a gap, nothing that was rejected, answers as they are. */
function entriesFault(committed: readonly string[], attempts: History['attempts']): string | null {
  const writes = committed.filter((entry) => entry.includes('#'));
  const ids = new Set<string>();
  for (const [index, entry] of writes.entries()) {
    const [position = '', rest = ''] = entry.split('#');
    const [id = '', version = ''] = rest.split('v');
    if (ids.has(id)) return `I14: ${id} committed twice`;
    ids.add(id);
    if (Number(version) !== index + 1) return `I17: version ${version} follows ${index}`;
    const tried = attempts[Number(id.slice(1))] ?? [];
    if (tried.every((attempt) => attempt === 'none' || attempt === 'rejected')) {
      return `I14: ${id} committed, and every attempt of it was rejected`;
    }
    const told = tried.find((attempt) => attempt.startsWith('v'));
    if (told !== undefined && told !== `v${version} ${position}`) {
      return `I14: ${id} was answered ${told}, and committed as v${version} ${position}`;
    }
  }
  for (const [write, tried] of attempts.entries()) {
    const told = tried.find((attempt) => attempt.startsWith('v'));
    if (told !== undefined && !ids.has(`w${write}`)) return `I2: w${write} was answered ${told}`;
  }
  return null;
}

/** An attempt was made or answered. An answer of `committed` is a version that everybody sees. */
export function noteAttempt(history: History, write: number, site: number, to: Attempt): History {
  const attempts = history.attempts.map((tried, index) =>
    index === write ? tried.map((attempt, place) => (place === site ? to : attempt)) : tried,
  );
  const version = to.startsWith('v') ? Number.parseInt(to.slice(1), 10) : 0;
  return { ...history, attempts, seen: Math.max(history.seen, version) };
}

export function attemptOf(answer: Answer): Attempt {
  switch (answer.outcome) {
    case 'committed':
      return `v${answer.version} ${answer.epoch}/${answer.seq}`;
    case 'rejected':
      return 'rejected';
    case 'unknown':
    case 'retry':
    case 'head':
    case 'end':
      return 'open';
  }
}
