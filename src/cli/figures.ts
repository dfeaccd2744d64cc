const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `4.0 KiB` */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1,204` */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/** Rows of cells as lines with aligned columns. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Makes what a file is called safe to print: control characters would act on the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** `2026-11-22 11:13:17`, in UTC. */
export function dateText(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}
