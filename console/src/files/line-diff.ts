/** A line of a comparison of two texts. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
  /** Counted from 1; null where the text does not have it. */
  readonly before: number | null;
  readonly after: number | null;
}

/** With more differing lines than this, all of one text is taken out and all of the other put in. */
const EDIT_LIMIT = 600;

/**
 * The shortest way from one text to another, line by line (Myers, "An O(ND) Difference Algorithm",
 * 1986), after what both begin and end with is set aside.
 */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) {
    tail += 1;
  }
  const kinds: DiffLine['kind'][] = [
    ...Array<'same'>(head).fill('same'),
    ...edits(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...Array<'same'>(tail).fill('same'),
  ];
  return numbered(kinds, a, b);
}

function numbered(kinds: readonly DiffLine['kind'][], a: string[], b: string[]): DiffLine[] {
  let before = 0;
  let after = 0;
  return kinds.map((kind) => {
    const text = (kind === 'added' ? b[after] : a[before]) ?? '';
    if (kind !== 'added') before += 1;
    if (kind !== 'removed') after += 1;
    return {
      kind,
      text,
      before: kind === 'added' ? null : before,
      after: kind === 'removed' ? null : after,
    };
  });
}

function edits(a: readonly string[], b: readonly string[]): DiffLine['kind'][] {
  const limit = Math.min(a.length + b.length, EDIT_LIMIT);
  /** For each diagonal k = x − y, how far along `a` it was reached. */
  let reached = new Map<number, number>([[1, 0]]);
  const rounds: Map<number, number>[] = [];
  for (let depth = 0; depth <= limit; depth += 1) {
    rounds.push(reached);
    const next = new Map(reached);
    for (let k = -depth; k <= depth; k += 2) {
      let x = stepsDown(reached, k, depth)
        ? (reached.get(k + 1) ?? 0)
        : (reached.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(rounds, a.length, b.length);
    }
    reached = next;
  }
  return [...a.map(() => 'removed' as const), ...b.map(() => 'added' as const)];
}

function stepsDown(reached: ReadonlyMap<number, number>, k: number, depth: number): boolean {
  return k === -depth || (k !== depth && (reached.get(k - 1) ?? 0) < (reached.get(k + 1) ?? 0));
}

function walkBack(
  rounds: readonly ReadonlyMap<number, number>[],
  aLength: number,
  bLength: number,
): DiffLine['kind'][] {
  const kinds: DiffLine['kind'][] = [];
  let x = aLength;
  let y = bLength;
  for (let depth = rounds.length - 1; depth >= 0; depth -= 1) {
    const reached = rounds[depth] as ReadonlyMap<number, number>;
    const k = x - y;
    const down = stepsDown(reached, k, depth);
    const fromK = down ? k + 1 : k - 1;
    const fromX = reached.get(fromK) ?? 0;
    const fromY = fromX - fromK;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      kinds.push('same');
      x -= 1;
      y -= 1;
    }
    if (depth === 0) break;
    kinds.push(down ? 'added' : 'removed');
    x = fromX;
    y = fromY;
  }
  return kinds.reverse();
}

/** A run of lines that is shown, or a number of equal ones that is left out. */
export type DiffPart =
  | { readonly kind: 'lines'; readonly lines: readonly DiffLine[] }
  | { readonly kind: 'left-out'; readonly count: number };

/** Leaves out what is the same, but for some lines around each difference. */
export function foldDiff(lines: readonly DiffLine[], around = 3): DiffPart[] {
  const shown = new Array<boolean>(lines.length).fill(false);
  lines.forEach(({ kind }, index) => {
    if (kind === 'same') return;
    const from = Math.max(0, index - around);
    const to = Math.min(lines.length - 1, index + around);
    for (let at = from; at <= to; at += 1) shown[at] = true;
  });
  const parts: DiffPart[] = [];
  let start = 0;
  for (let index = 1; index <= lines.length; index += 1) {
    if (index < lines.length && shown[index] === shown[start]) continue;
    parts.push(
      shown[start] === true
        ? { kind: 'lines', lines: lines.slice(start, index) }
        : { kind: 'left-out', count: index - start },
    );
    start = index;
  }
  return parts;
}
