import type { FileVersion } from './service-types.js';
import type { ListOptions } from '../site/file-service.js';

export interface Listed {
  readonly file: FileVersion;
  readonly path: string;
}

export interface Page {
  readonly files: readonly FileVersion[];
  readonly prefixes: readonly string[];
  readonly next: string | null;
}

/** One page out of all live files of a bucket, in the order of their paths' UTF-8 bytes. */
export function listPage(heads: readonly Listed[], options: ListOptions): Page {
  const { prefix = '', delimiter = '', cursor, limit = 1000 } = options;
  const sorted = heads
    .filter(({ path }) => path.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const after = cursor === undefined ? undefined : Buffer.from(cursor, 'base64url').toString();
  const files: FileVersion[] = [];
  const prefixes: string[] = [];
  let last = '';
  for (const { file, path } of sorted) {
    const rolled = rollUp(path, prefix, delimiter);
    const key = rolled ?? path;
    if (after !== undefined && Buffer.compare(Buffer.from(key), Buffer.from(after)) <= 0) continue;
    if (rolled !== undefined && rolled === prefixes.at(-1)) continue;
    if (files.length + prefixes.length === limit) {
      return { files, prefixes, next: Buffer.from(last).toString('base64url') };
    }
    if (rolled === undefined) files.push(file);
    else prefixes.push(rolled);
    last = key;
  }
  return { files, prefixes, next: null };
}

function rollUp(path: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const end = path.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : path.slice(0, end + delimiter.length);
}
