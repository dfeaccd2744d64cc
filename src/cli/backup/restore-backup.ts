import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { restoreSite } from '../../site/backup/restore-site.js';
import type { SiteConfig } from '../../site/site-config.js';
import { DEFAULT_BASE_PORT } from '../cluster-address.js';
import { UsageError } from '../exit-code.js';
import { readSiteConfig } from '../site-config.js';
import { planSites } from '../up/cluster-plan.js';
import { claimDataFolder } from '../up/data-folder.js';
import type { World } from '../world.js';
import type { BackupTarget } from './backup-target.js';
import { readManifest, TargetBackup } from './stored-backups.js';

export interface RestorePlace {
  readonly config?: string;
  readonly data?: string;
  readonly sealKey?: string;
}

export interface RestoredSite {
  readonly site: string;
  readonly records: number;
  readonly chunks: number;
  readonly bytes: number;
}

/** Fills the data folders that are named; or says why not. Throws what reading a backup throws. */
export async function restoreInto(
  world: World,
  target: BackupTarget,
  name: string,
  place: RestorePlace,
): Promise<RestoredSite[] | string> {
  const backup = new TargetBackup(target, await readManifest(target, name));
  const opened = await openPlace(world, place);
  if (typeof opened === 'string') return opened;
  try {
    const restored: RestoredSite[] = [];
    for (const config of opened.sites) {
      const result = await restoreSite(config, backup);
      if (!result.ok) return `${config.site}: ${result.message}`;
      const { records, chunks, bytes } = result;
      restored.push({ site: config.site, records, chunks, bytes });
    }
    return restored;
  } finally {
    await opened.release();
  }
}

interface Place {
  readonly sites: readonly SiteConfig[];
  readonly release: () => Promise<void>;
}

async function openPlace(world: World, place: RestorePlace): Promise<Place | string> {
  const { config, data, sealKey } = place;
  if ((config === undefined) === (data === undefined)) {
    throw new UsageError('say where to: --config FILE of a site, or --data FOLDER of `quorate up`');
  }
  if (data === undefined) return openConfig(world, config ?? '', sealKey);
  const folder = resolve(world.folder, data);
  if (sealKey !== undefined) await copySealKey(world, sealKey, join(folder, 'seal.key'));
  const claimed = await claimDataFolder(folder, DEFAULT_BASE_PORT);
  if (!claimed.ok) return claimed.message;
  const sites = planSites({
    dataFolder: folder,
    clusterId: claimed.clusterId,
    basePort: DEFAULT_BASE_PORT,
    wan: {},
    fsync: true,
  });
  return { sites, release: () => claimed.release() };
}

async function openConfig(
  world: World,
  file: string,
  sealKey: string | undefined,
): Promise<Place | string> {
  const path = resolve(world.folder, file);
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`the configuration cannot be read: ${error.message}`);
  });
  const read = readSiteConfig(text, file, dirname(path));
  if (!read.ok) return read.message;
  const { sealKeyFile } = read.config;
  if (sealKey !== undefined) {
    if (sealKeyFile === undefined) return `${file} names no key_file to put the seal's key into`;
    await copySealKey(world, sealKey, sealKeyFile);
  }
  return { sites: [read.config], release: () => Promise.resolve() };
}

/** Never over another one. */
async function copySealKey(world: World, from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(resolve(world.folder, from), to, constants.COPYFILE_EXCL).catch((error: Error) => {
    throw new UsageError(`--seal-key: ${error.message}`);
  });
}
