import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../client/attempts.js';
import { replaceFile } from '../../storage/durable-file.js';
import { SITES } from '../cluster-address.js';

/*
 * Which sites `quorate up` runs on this machine: the three it began with, until some were added or
 * removed. From then on `sites.json` in the data folder says it. Whether a site counts, the store's
 * own logs say.
 */

const SitesFile = z.strictObject({
  format: z.literal(1),
  sites: z
    .array(
      z.strictObject({
        site: z.string().regex(/^[a-z0-9-]{1,32}$/),
        displayName: z.string().min(1).max(100),
        place: z.int().min(0).max(8),
      }),
    )
    .max(9),
});

export type LocalSite = z.infer<typeof SitesFile>['sites'][number];

/** The three that a store begins with. `place` says which ports a site has. */
export const FIRST_SITES: readonly LocalSite[] = SITES.map((site, place) => ({ ...site, place }));
export const PLACES = 9;

/** The sites of a data folder, or why they are not known. */
export function readLocalSites(dataFolder: string): readonly LocalSite[] | string {
  const path = fileOf(dataFolder);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return FIRST_SITES;
    return `${path} cannot be read: ${String(error)}`;
  }
  const read = SitesFile.safeParse(parseJson(text));
  if (read.success) return read.data.sites;
  return `${path} is not the list of sites: ${z.prettifyError(read.error)}`;
}

export async function writeLocalSites(
  dataFolder: string,
  sites: readonly LocalSite[],
): Promise<void> {
  await replaceFile(fileOf(dataFolder), `${JSON.stringify({ format: 1, sites })}\n`);
}

function fileOf(dataFolder: string): string {
  return join(dataFolder, 'sites.json');
}
