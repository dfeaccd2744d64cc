import type { History } from '../../site/file-service.js';
import type { ObjectService } from '../../site/object-service.js';
import type { FileVersion } from '../service-types.js';
import { FIELD } from './object-fields.js';

/*
 * S3's versions of an object, as they follow from the file's history. A version that was written
 * while versioning was enabled has an id of its own for ever. Of all others only the newest is
 * there, under the id `null`: what it replaced is history of the store alone.
 */

export const NULL_ID = 'null';

export interface ObjectVersion {
  readonly id: string;
  /** Newer versions have larger ones. */
  readonly order: number;
  readonly isMarker: boolean;
  readonly isLatest: boolean;
  readonly file: FileVersion;
}

const ID_DIGITS = 11;
const ID = /^[0-9a-z]{11}$/;

/** Opaque to clients; in the order of versions, as text too. */
export function writeVersionId(version: number): string {
  return version.toString(36).padStart(ID_DIGITS, '0');
}

/** The number, `null`, or undefined for what was never an id. */
export function readVersionId(text: string): number | 'null' | undefined {
  if (text === NULL_ID) return text;
  const version = ID.test(text) ? Number.parseInt(text, 36) : Number.NaN;
  return Number.isSafeInteger(version) ? version : undefined;
}

/** The id that a single version has, whatever else there is. */
export function versionIdOf({ metadata, version }: FileVersion): string {
  const own = metadata[FIELD.version];
  if (own === undefined) return NULL_ID;
  return writeVersionId(own === '+' ? version : Number(own));
}

/** What of a file's whole history, newest first, S3 shows. */
export function objectVersions(history: readonly FileVersion[]): ObjectVersion[] {
  const shown: Omit<ObjectVersion, 'isLatest'>[] = [];
  let hasNull = false;
  history.forEach((file, index) => {
    const { metadata, deleted } = file;
    const own = metadata[FIELD.version];
    if (own === undefined && hasNull) return;
    if (own === undefined) hasNull = true;
    const isMarker = deleted && metadata[FIELD.marker] !== undefined;
    const isPlainDelete = deleted && !isMarker;
    if (isPlainDelete && !hidesVersions(file, index, history)) return;
    const order = own === undefined || own === '+' ? file.version : Number(own);
    shown.push({ id: versionIdOf(file), order, isMarker: deleted, file });
  });
  return shown
    .sort((a, b) => b.order - a.order)
    .map((version) => ({ ...version, isLatest: version.file === history[0] }));
}

/** A delete that came by another way than S3, of a file which has versions that S3 still shows. */
function hidesVersions(file: FileVersion, index: number, history: readonly FileVersion[]): boolean {
  if (index !== 0 || file.metadata[FIELD.erased] !== undefined) return false;
  return history.some(({ metadata }) => metadata[FIELD.version] !== undefined);
}

/** Versions of one file that are looked at; the oldest of more than these are not shown. */
export const VERSIONS_LIMIT = 100_000;

/** A file's whole history, newest first; empty for one that never was. */
export async function readWholeHistory(
  service: ObjectService,
  name: string,
  consistency: 'strong' | 'local' = 'strong',
): Promise<Extract<History, { ok: true }> | Extract<History, { ok: false }>> {
  const versions: FileVersion[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await service.history(name, {
      consistency: before === undefined ? consistency : 'local',
      ...(before !== undefined && { before }),
    });
    if (!page.ok) return page;
    versions.push(...page.versions);
    if (page.next === null || versions.length >= VERSIONS_LIMIT) {
      return { ok: true, versions, next: null, served: page.served };
    }
    before = page.next;
  }
}
