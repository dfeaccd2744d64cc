import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { isKeyText } from '../client/access-key.js';
import { parseJson } from '../client/attempts.js';
import { UsageError } from './exit-code.js';
import { type LocalSite, readLocalSites } from './up/local-sites.js';
import type { World } from './world.js';

export const DEFAULT_DATA_FOLDER = './.quorate';

export interface KeyOptions {
  readonly key?: string;
  readonly data?: string;
  readonly sites?: string;
}

/** Where `quorate up` keeps the administrator's key of a data folder. */
export function adminKeyFileOf(dataFolder: string): string {
  return join(dataFolder, 'admin.key');
}

/** What `quorate up` says of itself while it runs, in its data folder. */
export const LockFile = z.object({
  pid: z.int().positive(),
  basePort: z.int().min(1).max(65_535),
});

/**
 * The key that a command shows: the one it is given, else the administrator's of the data folder
 * whose cluster runs at this base port. Nobody else on that port, or on another machine, is shown
 * the latter. Undefined: none.
 */
export function keyFor(world: World, options: KeyOptions, basePort: number): string | undefined {
  const { key, data = DEFAULT_DATA_FOLDER, sites } = options;
  if (key !== undefined && key !== '') {
    if (isKeyText(key)) return key;
    throw new UsageError('what --key or QUORATE_KEY gives is no key: it is <key id>.<secret>');
  }
  if (sites !== undefined && sites !== '') return undefined;
  const folder = runningFolder(world, data, basePort);
  if (folder === null) return undefined;
  const found = textOf(adminKeyFileOf(folder))?.trim() ?? '';
  return isKeyText(found) ? found : undefined;
}

/** The sites that the cluster of the data folder has, if it is that cluster that runs at this port. */
export function localSites(
  world: World,
  { data = DEFAULT_DATA_FOLDER }: KeyOptions,
  basePort: number,
): readonly LocalSite[] | undefined {
  const folder = runningFolder(world, data, basePort);
  if (folder === null) return undefined;
  const sites = readLocalSites(folder);
  if (typeof sites === 'string') throw new UsageError(sites);
  return sites;
}

function runningFolder(world: World, data: string, basePort: number): string | null {
  const folder = resolve(world.folder, data);
  const lock = LockFile.safeParse(parseJson(textOf(join(folder, 'supervisor.json'))));
  return lock.success && lock.data.basePort === basePort ? folder : null;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
