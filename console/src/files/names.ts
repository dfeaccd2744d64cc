/** `docs/a/b.txt` → bucket `docs`, path `a/b.txt`. */
export function splitName(name: string): { bucket: string; path: string } {
  const slash = name.indexOf('/');
  return slash < 0
    ? { bucket: name, path: '' }
    : { bucket: name.slice(0, slash), path: name.slice(slash + 1) };
}

/** The folder of a path, with its slash; '' at the top. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/', path.length - 2) + 1);
}

export function lastSegment(path: string): string {
  return path.replace(/\/$/, '').split('/').at(-1) ?? path;
}

export type FileKind = 'text' | 'image' | 'audio' | 'video' | 'pdf' | 'other';

const KINDS: readonly (readonly [FileKind, RegExp])[] = [
  ['image', /\.(png|jpe?g|gif|webp|avif|bmp|ico|svg)$/i],
  ['video', /\.(mp4|m4v|webm|mov|ogv)$/i],
  ['audio', /\.(mp3|m4a|ogg|oga|opus|wav|flac|aac)$/i],
  ['pdf', /\.pdf$/i],
  [
    'text',
    /\.(txt|md|markdown|json|jsonl|ya?ml|toml|csv|tsv|xml|html?|css|m?[jt]sx?|c?ts|svelte|vue|py|rs|go|c|h|cc|cpp|hpp|java|kt|rb|php|sh|bash|sql|ini|conf|cfg|env|log|diff|patch|tex|rst|srt|vtt)$/i,
  ],
];

const TYPES: readonly (readonly [FileKind, RegExp])[] = [
  ['image', /^image\//],
  ['video', /^video\//],
  ['audio', /^audio\//],
  ['pdf', /^application\/pdf\b/],
  ['text', /^(text\/|application\/(json|xml|javascript|toml|yaml|x-sh|sql))/],
];

/** By its type, else by its name's ending. */
export function kindOf(path: string, contentType: string | null = null): FileKind {
  const byType = TYPES.find(([, pattern]) => contentType !== null && pattern.test(contentType));
  return byType?.[0] ?? KINDS.find(([, pattern]) => pattern.test(path))?.[0] ?? 'other';
}

/** Why this cannot be the last part of a name; null if it can. */
export function nameFault(name: string): string | null {
  if (name === '' || name === '.' || name === '..') return 'That is no name.';
  if (new TextEncoder().encode(name).length > 900) return 'That name is too long.';
  return null;
}
