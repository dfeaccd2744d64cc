import { z } from 'zod';

/*
 * What clients did and saw, as JSON lines: a header, then one operation or committed entry a line,
 * in any order. All times are milliseconds on one clock: the simulator's true time, or the
 * recording machine's where one process recorded all clients.
 *
 *   {"type":"history","version":1}
 *   {"type":"operation","client":"c1","site":"nyc","id":7,"kind":"write","name":"b/f",
 *    "startMs":1,"endMs":9.5,"outcome":"committed","version":3,"epoch":2,"seq":11,"value":"x"}
 *   {"type":"entry","name":"b/f","version":3,"epoch":2,"seq":11,"value":"x","requestId":"r9"}
 *
 * Version 1 is the first.
 */
export const HISTORY_VERSION = 1;

/** All given must hold for the write to take effect; etags are compared with values. */
const conditionSchema = z.strictObject({
  ifVersion: z.int().min(0).optional(),
  ifAbsent: z.boolean().optional(),
  ifMatch: z.array(z.string()).max(100).optional(),
  ifNoneMatch: z.array(z.string()).max(100).optional(),
  /** The content the client had seen at `ifVersion` (null: none), for judges that ignore versions. */
  ifValue: z.string().nullable().optional(),
});

const countSchema = z.int().min(0);
const timeSchema = z.number().min(0);

const operationSchema = z
  .strictObject({
    client: z.string().max(200),
    site: z.string().max(200),
    /** Unique within the history. */
    id: countSchema,
    kind: z.enum(['write', 'delete', 'read', 'list']),
    /** The file's name; of a listing, the prefix. */
    name: z.string().max(2_000),
    startMs: timeSchema,
    /** null: never answered. */
    endMs: timeSchema.nullable(),
    /** Writes and deletes: the first three. Reads and listings: the last two. */
    outcome: z.enum(['committed', 'rejected', 'unknown', 'ok', 'failed']),
    reason: z.string().max(200).optional(),
    /** Committed, read, or (of a rejection) judged against; 0: the file was never written. */
    version: countSchema.optional(),
    epoch: countSchema.optional(),
    seq: countSchema.optional(),
    /** What stands for the content: a hash or a short text, unique per write. null: no file. */
    value: z.string().max(200).nullable().optional(),
    condition: conditionSchema.optional(),
    /** Of reads and listings; `strong` when not given. */
    mode: z.enum(['strong', 'validate', 'local']).optional(),
    requestId: z.string().max(200).optional(),
    /** Of listings: what was listed, in the order given. */
    files: z.array(z.strictObject({ name: z.string(), version: countSchema })).optional(),
    /** Of listings: only names greater than this, and at most so many. */
    after: z.string().optional(),
    limit: countSchema.optional(),
  })
  .refine(({ startMs, endMs }) => endMs === null || endMs >= startMs, 'ends before it starts')
  .refine(
    ({ kind, outcome }) =>
      (kind === 'read' || kind === 'list') === (outcome === 'ok' || outcome === 'failed'),
    'an outcome that this kind cannot have',
  )
  .refine(
    ({ kind, outcome, version }) =>
      version !== undefined || kind === 'list' || (outcome !== 'ok' && outcome !== 'committed'),
    'has no version',
  );

const entrySchema = z.strictObject({
  name: z.string().max(2_000),
  version: countSchema,
  epoch: countSchema,
  seq: countSchema,
  /** null: a delete. */
  value: z.string().max(200).nullable(),
  requestId: z.string().max(200),
  shard: z.string().max(200).optional(),
  /** True time of its release, where the recorder knows it. */
  releasedMs: timeSchema.optional(),
});

export type Condition = z.infer<typeof conditionSchema>;
/** One call of one client. */
export type Operation = Readonly<z.infer<typeof operationSchema>>;
/** One file version of the commit chain, taken from the final logs. */
export type CommittedEntry = Readonly<z.infer<typeof entrySchema>>;

export interface History {
  readonly operations: readonly Operation[];
  /** The whole commit chain, or null where it was not recorded. */
  readonly entries: readonly CommittedEntry[] | null;
}

export type ParsedHistory =
  | { readonly ok: true; readonly history: History }
  /** `line` counts from 1. */
  | { readonly ok: false; readonly line: number; readonly reason: string };

const headerSchema = z.strictObject({ type: z.literal('history'), version: z.int() });
const lineSchema = z.looseObject({ type: z.enum(['operation', 'entry']) });

function reasonOf(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return where === '' ? (issue?.message ?? 'not valid') : `${where}: ${issue?.message}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Reads a history; the first line that is wrong is named, with the reason. Empty lines are skipped. */
export function parseHistory(text: string): ParsedHistory {
  const operations: Operation[] = [];
  const entries: CommittedEntry[] = [];
  const ids = new Set<number>();
  const lines = text.split('\n');
  const header = headerSchema.safeParse(parseJson(lines[0] ?? ''));
  if (!header.success) return { ok: false, line: 1, reason: 'no header {"type":"history",…}' };
  if (header.data.version !== HISTORY_VERSION) {
    return { ok: false, line: 1, reason: `version ${header.data.version} is not known here` };
  }
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index]!;
    if (line.trim() === '') continue;
    const refuse = (reason: string): ParsedHistory => ({ ok: false, line: index + 1, reason });
    const value = parseJson(line);
    if (value === undefined) return refuse('not JSON');
    const typed = lineSchema.safeParse(value);
    if (!typed.success) return refuse(reasonOf(typed.error));
    const { type, ...rest } = typed.data;
    if (type === 'entry') {
      const entry = entrySchema.safeParse(rest);
      if (!entry.success) return refuse(reasonOf(entry.error));
      entries.push(entry.data);
      continue;
    }
    const operation = operationSchema.safeParse(rest);
    if (!operation.success) return refuse(reasonOf(operation.error));
    if (ids.has(operation.data.id)) return refuse(`id ${operation.data.id} is used twice`);
    ids.add(operation.data.id);
    operations.push(operation.data);
  }
  return { ok: true, history: { operations, entries: entries.length > 0 ? entries : null } };
}

/** The calls on each file, in the order given; listings are of none. */
export function operationsByFile(operations: readonly Operation[]): Map<string, Operation[]> {
  const files = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.kind === 'list') continue;
    const file = files.get(operation.name);
    if (file === undefined) files.set(operation.name, [operation]);
    else file.push(operation);
  }
  return files;
}

/** One line per element, header first, with a line break at the end. */
export function stringifyHistory(history: History): string {
  const lines = [JSON.stringify({ type: 'history', version: HISTORY_VERSION })];
  for (const entry of history.entries ?? [])
    lines.push(JSON.stringify({ type: 'entry', ...entry }));
  for (const operation of history.operations) {
    lines.push(JSON.stringify({ type: 'operation', ...operation }));
  }
  return `${lines.join('\n')}\n`;
}
