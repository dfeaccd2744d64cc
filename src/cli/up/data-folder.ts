import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { newAdminKey } from '../../site/access/admin-key.js';
import { newSealKey } from '../../site/seal.js';
import { isKeyText } from '../../client/access-key.js';
import { parseJson } from '../../client/attempts.js';
import { exchange, readText } from '../../client/site-endpoint.js';
import { adminKeyFileOf, LockFile } from '../own-key.js';
import { SUPERVISOR_ROUTE, SupervisorAnswer } from './supervisor-routes.js';

/** A data folder that is ours for as long as we run, or why it cannot be. */
export type ClaimedFolder =
  | {
      readonly ok: true;
      readonly clusterId: string;
      readonly adminKey: string;
      release(): Promise<void>;
    }
  | { readonly ok: false; readonly message: string };

const ClusterFile = z.object({ format: z.literal(1), clusterId: z.string() });
const PROBE_LIMIT_MS = 2000;

/** Makes the folder if need be, and takes it, unless a running process has it. */
export async function claimDataFolder(folder: string, basePort: number): Promise<ClaimedFolder> {
  const lock = join(folder, 'supervisor.json');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const held = await holder(lock, folder);
    if (held !== null) {
      return {
        ok: false,
        message:
          `${folder} is in use by the process ${held}.\n` +
          'Stop that one first (Ctrl-C where it runs), or choose another folder with --data.',
      };
    }
    await writeFile(lock, `${JSON.stringify({ pid: process.pid, basePort })}\n`);
    const clusterId = await readClusterId(join(folder, 'cluster.json'));
    if (clusterId === null) {
      return {
        ok: false,
        message: `${folder} holds a cluster of a format this version does not know.`,
      };
    }
    await writeSecret(join(folder, 'seal.key'), newSealKey());
    const adminKeyFile = adminKeyFileOf(folder);
    await writeSecret(adminKeyFile, `${newAdminKey()}\n`);
    const adminKey = (await readFile(adminKeyFile, 'utf8')).trim();
    if (!isKeyText(adminKey)) {
      return { ok: false, message: `${adminKeyFile} holds no key; remove it to have one made.` };
    }
    return { ok: true, clusterId, adminKey, release: () => rm(lock, { force: true }) };
  } catch (error) {
    return { ok: false, message: `${folder} cannot be used: ${String(error)}` };
  }
}

/**
 * The process that has the folder. A lock may be left over from a crash and its process id be used
 * by another program by now, so what counts is whether its supervisor still answers for the folder.
 */
async function holder(lock: string, folder: string): Promise<number | null> {
  const parsed = LockFile.safeParse(await readJson(lock));
  if (!parsed.success) return null;
  const { pid, basePort } = parsed.data;
  const reply = await exchange(
    { site: 'supervisor', url: `http://127.0.0.1:${basePort}` },
    { method: 'GET', path: SUPERVISOR_ROUTE, silenceLimitMs: PROBE_LIMIT_MS },
  );
  if (reply.kind === 'unreachable') return null;
  // Somebody is there who cannot answer just now: better to refuse than to share the folder.
  if (reply.kind !== 'reply') return pid;
  const told = SupervisorAnswer.safeParse(parseJson(await readText(reply.body, 64 * 1024)));
  return told.success && told.data.dataFolder === folder ? pid : null;
}

/** Made once, for its owner's eyes only. */
async function writeSecret(path: string, secret: string): Promise<void> {
  await writeFile(path, secret, { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

async function readClusterId(path: string): Promise<string | null> {
  const found = await readJson(path);
  if (found === undefined) {
    const clusterId = randomUUID();
    await writeFile(path, `${JSON.stringify({ format: 1, clusterId })}\n`);
    return clusterId;
  }
  const parsed = ClusterFile.safeParse(found);
  return parsed.success ? parsed.data.clusterId : null;
}

/** undefined when there is no file; null when it is no JSON. */
async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
