/**
 * The line, from 1, where a key of a TOML text stands: the key itself, else the table that it is
 * missing from, else the first line.
 */
export function lineOfKey(text: string, path: readonly PropertyKey[]): number {
  const lines = text.split('\n');
  const counts = new Map<string, number>();
  let table = '';
  let nearest = 1;
  let nearestDepth = 0;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    const header = /^(\[\[?)\s*([^\]]+?)\s*\]\]?/.exec(line);
    const assigned = /^("[^"]*"|[\w.-]+)\s*=/.exec(line);
    if (header) {
      table = plain(header[2] ?? '');
      if (header[1] === '[[') {
        const count = counts.get(table) ?? 0;
        counts.set(table, count + 1);
        table = `${table}.${count}`;
      }
    }
    if (!header && !assigned) continue;
    const key = assigned ? plain(assigned[1] ?? '') : '';
    const here = [table, key].filter((part) => part !== '').join('.');
    const depth = sharedDepth(here, path);
    if (depth > nearestDepth) {
      nearest = index + 1;
      nearestDepth = depth;
    }
  }
  return nearest;
}

function plain(key: string): string {
  return key.replaceAll('"', '').replaceAll(/\s*\.\s*/g, '.');
}

/** How many leading parts of the path `here` names, if it names nothing beside the path. */
function sharedDepth(here: string, path: readonly PropertyKey[]): number {
  const wanted = path.map(String).join('.');
  if (here !== wanted && !wanted.startsWith(`${here}.`)) return 0;
  return here.split('.').length;
}
