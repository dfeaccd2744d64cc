import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PrimaryTable } from '../../protocol/ports.js';
import { tableFrom } from '../../coordinator/coordinator-schema.js';
import { replaceFile } from '../../storage/durable-file.js';
import { nodeLogFiles } from '../../storage/log/log-files.js';

/*
 * What a restore leaves beside the logs: that it has begun and not ended, and the primary table that
 * the cluster had, for the first site that starts.
 */

const UNFINISHED = 'restore-unfinished';
const TABLE = 'restored-table.json';

export type Restored =
  | { readonly ok: true; readonly table: PrimaryTable | null }
  | { readonly ok: false; readonly message: string };

/** What the data folder says of a restore; not ok: it must not be started on. */
export async function readRestored(folder: string): Promise<Restored> {
  if ((await textOf(join(folder, UNFINISHED))) !== null) {
    const message = `a restore into ${folder} did not end; empty the folder and restore again`;
    return { ok: false, message };
  }
  const text = await textOf(join(folder, TABLE));
  if (text === null) return { ok: true, table: null };
  const table = tableFrom(text);
  if (table !== null) return { ok: true, table };
  return { ok: false, message: `${join(folder, TABLE)} is no primary table` };
}

/** To be durable before anything else is written into the folder. */
export async function markUnfinished(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await replaceFile(join(folder, UNFINISHED), 'restoring\n');
}

/** Everything else is durable. */
export async function markRestored(folder: string, table: PrimaryTable): Promise<void> {
  await replaceFile(join(folder, TABLE), `${JSON.stringify(table)}\n`);
  await rm(join(folder, UNFINISHED));
  await nodeLogFiles.syncFolder(folder);
}

async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
