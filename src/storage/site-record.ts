import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StorageFailure } from '../protocol/ports.js';
import { replaceFile } from './durable-file.js';
import { storageFailureOf } from './storage-failure.js';

/**
 * Of the data folder. Version history: 1, the first; 2, views name places in log segments, which may be
 * kept for them beside the log.
 */
export const SITE_FORMAT_VERSION = 2;
const FILE_NAME = 'site.json';

const schema = z.object({
  formatVersion: z.int().min(1).max(SITE_FORMAT_VERSION),
  clusterId: z.string().min(1).max(256),
  site: z.string().min(1).max(64),
  /** Grows by one each time the site lost its disk. Starts at 1. */
  incarnation: z.int().min(1),
  /** Grows by one at each start, here first, then at the coordinator. */
  starts: z.int().min(0),
});

/** What a site remembers of itself on its own disk. */
export type StoredSiteRecord = z.infer<typeof schema>;

export type SiteRecordRead =
  | { readonly ok: true; readonly record: StoredSiteRecord | null }
  /** `newer`: written by a newer program, which has to be used to open this folder. */
  | {
      readonly ok: false;
      readonly reason: 'newer' | 'damaged' | 'io_error';
      readonly message: string;
    };

/** Null where none was ever written. */
export async function readSiteRecord(folder: string): Promise<SiteRecordRead> {
  const path = join(folder, FILE_NAME);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { ok: true, record: null };
    }
    return { ok: false, reason: 'io_error', message: `${path}: ${String(error)}` };
  }
  return parseSiteRecord(text, path);
}

function parseSiteRecord(text: string, path: string): SiteRecordRead {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'damaged', message: `${path} is not JSON` };
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(value);
  if (version.success && version.data.formatVersion > SITE_FORMAT_VERSION) {
    const message = `${path} has format ${version.data.formatVersion}, this program knows ${SITE_FORMAT_VERSION}`;
    return { ok: false, reason: 'newer', message };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, record: parsed.data };
  const issue = parsed.error.issues[0];
  const message = `${path}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`;
  return { ok: false, reason: 'damaged', message };
}

/** Replaces the record at once or not at all; null once it is durable. */
export async function writeSiteRecord(
  folder: string,
  record: Omit<StoredSiteRecord, 'formatVersion'>,
): Promise<StorageFailure | null> {
  const path = join(folder, FILE_NAME);
  const text = `${JSON.stringify({ ...record, formatVersion: SITE_FORMAT_VERSION }, null, 2)}\n`;
  try {
    await mkdir(folder, { recursive: true });
    await replaceFile(path, text);
    return null;
  } catch (error) {
    return storageFailureOf(error, `writing ${path}`);
  }
}
