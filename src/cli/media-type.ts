const TYPES: Readonly<Record<string, string>> = {
  txt: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  pdf: 'application/pdf',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  svg: 'image/svg+xml',
  webp: 'image/webp',
  mp4: 'video/mp4',
  zip: 'application/zip',
};

/** The media type that a file's name suggests. */
export function mediaTypeOf(name: string): string {
  const dot = name.lastIndexOf('.');
  const type = dot < 0 ? undefined : TYPES[name.slice(dot + 1).toLowerCase()];
  return type ?? 'application/octet-stream';
}
