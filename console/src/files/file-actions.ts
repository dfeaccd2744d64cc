import { notices } from '../app/notices.svelte.ts';
import { questions } from '../app/questions.svelte.ts';
import { store } from '../app/store.svelte.ts';
import type { QuorateClient, WriteResult } from '../api/sdk.ts';
import { counted } from '../design/format.ts';
import { folderOf, lastSegment, nameFault } from './names.ts';
import type { Row } from './row.ts';

/*
 * What can be done with files, chosen in a folder or alone. A folder is what is below its prefix: it
 * is acted on file by file.
 */

const AT_ONCE = 6;

interface Outcome {
  readonly name: string;
  readonly result: WriteResult;
}

/** Names of all files chosen, those in chosen folders among them. */
export async function namesOf(bucket: string, rows: readonly Row[]): Promise<string[]> {
  const names: string[] = [];
  for (const row of rows) {
    if (row.kind === 'file') names.push(`${bucket}/${row.path}`);
    else for await (const name of namesBelow(bucket, row.path)) names.push(name);
  }
  return names;
}

async function* namesBelow(bucket: string, prefix: string): AsyncGenerator<string> {
  const client = await store.client();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<QuorateClient['list']>> = await client.list(bucket, {
      prefix,
      ...(cursor !== null && { cursor }),
    });
    if (page.outcome === 'failed') throw new Error(page.message);
    for (const { name } of page.files) yield name;
    cursor = page.next;
  } while (cursor !== null);
}

/** Deletes, and offers to undo it: what was deleted is in the history. True if all of it is gone. */
export async function deleteRows(bucket: string, rows: readonly Row[]): Promise<boolean> {
  const hasFolder = rows.some(({ kind }) => kind === 'folder');
  const names = await listed(bucket, rows);
  if (names === null) return false;
  const what =
    names.length === 1 ? `“${lastSegment(names[0] ?? '')}”` : counted(names.length, 'file');
  if (hasFolder || names.length > 20) {
    const text =
      'They stay in the history, and can be brought back for as long as the bucket keeps it.';
    if (!(await questions.confirm(`Delete ${what}?`, text, 'Delete', true))) return false;
  }
  const client = await store.client();
  const outcomes = await each(names, (name) => client.remove(name));
  const gone = outcomes.filter(({ result }) => result.outcome === 'committed');
  return report(outcomes, `Deleted ${what}`, () => void undelete(gone));
}

async function undelete(gone: readonly Outcome[]): Promise<void> {
  const client = await store.client();
  const outcomes = await each(
    gone.map(({ name }) => name),
    async (name) => {
      const deleted = gone.find((one) => one.name === name)?.result;
      const version = deleted?.outcome === 'committed' ? deleted.version : 2;
      // A deletion is a version of its own; the one before it has the content.
      return client.restore(name, version - 1, { ifAbsent: true });
    },
  );
  report(outcomes, `Brought back ${counted(gone.length, 'file')}`);
}

/**
 * Asks for a new name and moves there: a file, or everything below a folder. Gives the new path; null
 * if it was not gone through with, or not all of it was moved.
 */
export async function renameRow(bucket: string, row: Row): Promise<string | null> {
  const title = row.kind === 'folder' ? 'Rename folder' : 'Rename file';
  const answer = await questions.line(title, 'New name', 'Rename', row.name);
  if (answer === null || answer === row.name) return null;
  const fault = nameFault(answer);
  if (fault !== null) {
    notices.say(fault, 'bad');
    return null;
  }
  const target = `${folderOf(row.path)}${answer}${row.kind === 'folder' ? '/' : ''}`;
  const isMoved = await transfer(bucket, [row], 'move', () => `${bucket}/${target}`);
  return isMoved ? target : null;
}

/** Asks for a folder and copies or moves there. True if all of it was. */
export async function transferRows(
  bucket: string,
  rows: readonly Row[],
  how: 'copy' | 'move',
): Promise<boolean> {
  const verb = how === 'copy' ? 'Copy' : 'Move';
  const here = folderOf(rows[0]?.path ?? '');
  const what = rows.length === 1 ? `“${rows[0]?.name}”` : counted(rows.length, 'item');
  const answer = await questions.line(
    `${verb} ${what}`,
    'To the folder',
    verb,
    `${bucket}/${here}`,
    'A bucket and a folder in it, like docs/reports/. The folder need not be there yet.',
  );
  if (answer === null) return false;
  const folder = answer.endsWith('/') ? answer : `${answer}/`;
  if (folder === `${bucket}/${here}` && how === 'move') return false;
  return transfer(bucket, rows, how, (row) => {
    const name = folder === `${bucket}/${here}` ? copyName(row.name) : row.name;
    return `${folder}${name}${row.kind === 'folder' ? '/' : ''}`;
  });
}

/** `a.txt` → `a copy.txt` */
function copyName(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? `${name.slice(0, dot)} copy${name.slice(dot)}` : `${name} copy`;
}

async function transfer(
  bucket: string,
  rows: readonly Row[],
  how: 'copy' | 'move',
  targetOf: (row: Row) => string,
): Promise<boolean> {
  const client = await store.client();
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    const names = await listed(bucket, [row]);
    if (names === null) return false;
    const from = `${bucket}/${row.path}`;
    const to = targetOf(row);
    outcomes.push(
      ...(await each(names, (name) =>
        // What is there already is not overwritten unasked.
        client[how](name, to + name.slice(from.length), { ifAbsent: true }),
      )),
    );
  }
  return report(
    outcomes,
    `${how === 'copy' ? 'Copied' : 'Moved'} ${counted(outcomes.length, 'file')}`,
  );
}

async function listed(bucket: string, rows: readonly Row[]): Promise<string[] | null> {
  try {
    return await namesOf(bucket, rows);
  } catch (error) {
    notices.say(`The folder could not be read: ${(error as Error).message}.`, 'bad');
    return null;
  }
}

/** Does it for all, a few at a time. */
async function each(
  names: readonly string[],
  act: (name: string) => Promise<WriteResult>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const left = names.values();
  const worker = async (): Promise<void> => {
    for (const name of left) outcomes.push({ name, result: await act(name) });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

/** Says what came of it; true if all of it was committed. */
function report(outcomes: readonly Outcome[], text: string, undo?: () => void): boolean {
  const bad = outcomes.filter(({ result }) => result.outcome !== 'committed');
  const action = undo === undefined ? null : { label: 'Undo', run: undo };
  const [first] = bad;
  if (first === undefined) {
    notices.say(`${text}.`, 'good', action);
    return true;
  }
  const { result } = first;
  const why = describe(result);
  const rest = bad.length === 1 ? '' : ` (and ${bad.length - 1} more)`;
  notices.say(
    `${lastSegment(first.name)}: ${why}${rest}`,
    'bad',
    bad.length < outcomes.length ? action : null,
  );
  return false;
}

/** A sentence on what became of a write that was not committed. */
export function describe(result: WriteResult): string {
  if (result.outcome === 'committed') return 'Committed.';
  if (result.outcome === 'unknown') {
    return `It is not known whether this took effect: ${result.message}.`;
  }
  if (result.reason === 'precondition_failed') return 'There is a file of that name already.';
  return `Not done: ${result.message}.`;
}
