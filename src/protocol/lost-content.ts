import type { FileVersion } from './file-version.js';

/** A version whose small content cannot be read where a site has it. */
export interface LostContent {
  readonly name: string;
  readonly version: number;
  readonly etag: string;
}

/** Thrown where `bytes` of inline content are read, and are damaged on the disk or not on it. */
export class ContentUnreadable extends Error {
  override readonly name = 'ContentUnreadable';

  constructor(readonly file: LostContent) {
    super(`the content of version ${file.version} of ${file.name} cannot be read`);
  }
}

/** What of the version cannot be read; null: nothing. Once read, the bytes stay with the version. */
export function unreadableIn(head: FileVersion | null): LostContent | null {
  if (head?.content?.kind !== 'inline') return null;
  try {
    void head.content.bytes;
    return null;
  } catch (error) {
    if (error instanceof ContentUnreadable) return error.file;
    throw error;
  }
}
