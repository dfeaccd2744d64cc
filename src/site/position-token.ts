/** The released seq of each shard, as far as a site knew it. */
export type PositionToken = ReadonlyMap<string, number>;

const TOKEN = /^v1\.([a-z0-9-]{1,64}:\d{1,16}(?:,[a-z0-9-]{1,64}:\d{1,16}){0,63})?$/;

/** `v1.<shard>:<seq>,…` in the order of the shards' names. */
export function writeToken(seqs: PositionToken): string {
  const parts = [...seqs].sort(([a], [b]) => (a < b ? -1 : 1));
  return `v1.${parts.map(([shard, seq]) => `${shard}:${seq}`).join(',')}`;
}

/** Null for anything that `writeToken` does not write. */
export function readToken(text: string): PositionToken | null {
  const match = TOKEN.exec(text);
  if (match === null) return null;
  const seqs = new Map<string, number>();
  for (const part of match[1]?.split(',') ?? []) {
    const colon = part.indexOf(':');
    const shard = part.slice(0, colon);
    const seq = Number(part.slice(colon + 1));
    if (!Number.isSafeInteger(seq) || seqs.has(shard)) return null;
    seqs.set(shard, seq);
  }
  return seqs;
}
