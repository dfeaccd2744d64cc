const LIST_LIMIT = 100;

export interface EntityTag {
  /** Without quotes; `*` stands for any. */
  readonly tag: string;
  readonly weak: boolean;
}

/**
 * Reads `*`, an entity tag, or several with commas between. Quotes may be left out, as S3's clients
 * often do. Whatever the text, this gives tags; those that name nothing match nothing.
 */
export function readEntityTags(text: string): readonly EntityTag[] {
  return text.split(',', LIST_LIMIT).map((part) => {
    const [, weak, opaque = ''] = /^\s*(W\/)?(.*?)\s*$/s.exec(part) ?? [];
    const quoted = opaque.length >= 2 && opaque.startsWith('"') && opaque.endsWith('"');
    // A quoted "*" is a tag like any other, but none that is ever given.
    const tag = quoted ? opaque.slice(1, -1) : opaque;
    return { tag: quoted && tag === '*' ? '' : tag, weak: weak !== undefined };
  });
}

/** Whether an object with the given ETag (without quotes) is among those named. */
export function tagsName(tags: readonly EntityTag[], etag: string, strongly: boolean): boolean {
  return tags.some(({ tag, weak }) => !(weak && strongly) && (tag === '*' || tag === etag));
}
