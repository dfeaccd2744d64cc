/*
 * What a listing of a bucket rests on is leased like a file, under a name that no file has: the
 * bucket's, and an empty path. Every write of a file in the bucket asks for it back.
 */

/** The name that stands for the listings that show this file; null if it is in no bucket. */
export function catalogueOf(name: string): string | null {
  const end = name.indexOf('/') + 1;
  return end === 0 ? null : name.slice(0, end);
}

export function isCatalogue(name: string): boolean {
  return name.length > 1 && name.indexOf('/') === name.length - 1;
}
